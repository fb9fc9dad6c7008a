// SignedMulti: SQS requests on libcurl's multi interface over epoll, and nothing else: no Asio, no
// coroutines, no retries, no timeouts, no parsing. What the floor and the loads are made of.
// The signature is the project's own. An answer other than 200 is an exception.
#pragma once

#include "aws/credentials.h"

#include <curl/curl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

class SignedMulti {
 public:
  using OnAnswer = std::function<void(std::string_view body)>;

  // Endpoint, region and keys from AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and
  // AWS_SECRET_ACCESS_KEY, as for every other client of the benchmark.
  SignedMulti();
  ~SignedMulti();
  SignedMulti(const SignedMulti&) = delete;
  SignedMulti& operator=(const SignedMulti&) = delete;

  // `operation` as in "ReceiveMessage". `on_answer` may post again.
  void post(const char* operation, std::string body, OnAnswer on_answer);
  // Waits at most so long for something to happen and lets it happen.
  void step(int milliseconds);
  std::size_t running() const { return running_; }

 private:
  struct Exchange;
  void prepare(Exchange& exchange, const char* operation);
  void act(curl_socket_t socket, int events);
  void collect_finished();
  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*);
  static int on_timer(CURLM*, long milliseconds, void* self);
  static int on_close(void* self, curl_socket_t socket);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* exchange);

  std::string url_;
  std::string region_;
  aws::Credentials credentials_;
  CURLM* multi_ = nullptr;
  int epoll_ = -1;
  std::optional<std::int64_t> deadline_;  // when libcurl wants to be called, in milliseconds
  std::size_t running_ = 0;
  std::vector<std::uint32_t> registered_;  // by socket: what epoll watches it for, 0 for nothing
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::vector<Exchange*> idle_;
};

// The value of an environment variable; an exception that names it if it is not there.
std::string environment(const char* name);

}  // namespace bench
