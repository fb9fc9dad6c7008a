#include "bench/floor/signed_multi.h"

#include "aws/sigv4.h"
#include "base/clock.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace bench {

struct SignedMulti::Exchange {
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  base::HttpRequest request;
  std::string answer;
  OnAnswer on_answer;
};

namespace {

std::int64_t now_milliseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set");
  return value;
}

SignedMulti::SignedMulti()
    : url_(environment("AWS_ENDPOINT_URL") + "/"),
      region_(environment("AWS_REGION")),
      credentials_{environment("AWS_ACCESS_KEY_ID"),
                   base::Secret(environment("AWS_SECRET_ACCESS_KEY")), base::Secret(), std::nullopt,
                   "environment"} {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi_ = curl_multi_init();
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (multi_ == nullptr || epoll_ < 0) throw std::runtime_error("no multi handle or no epoll");
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &SignedMulti::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &SignedMulti::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 512L);
}

SignedMulti::~SignedMulti() {
  for (const auto& exchange : exchanges_) {
    curl_multi_remove_handle(multi_, exchange->easy);
    curl_easy_cleanup(exchange->easy);
    curl_slist_free_all(exchange->headers);
  }
  curl_multi_cleanup(multi_);
  ::close(epoll_);
}

void SignedMulti::post(const char* operation, std::string body, OnAnswer on_answer) {
  if (idle_.empty()) {
    auto fresh = std::make_unique<Exchange>();
    fresh->easy = curl_easy_init();
    curl_easy_setopt(fresh->easy, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(fresh->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(fresh->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(fresh->easy, CURLOPT_PRIVATE, fresh.get());
    curl_easy_setopt(fresh->easy, CURLOPT_WRITEFUNCTION, &SignedMulti::on_body);
    curl_easy_setopt(fresh->easy, CURLOPT_WRITEDATA, fresh.get());
    curl_easy_setopt(fresh->easy, CURLOPT_CLOSESOCKETFUNCTION, &SignedMulti::on_close);
    curl_easy_setopt(fresh->easy, CURLOPT_CLOSESOCKETDATA, this);
    idle_.push_back(fresh.get());
    exchanges_.push_back(std::move(fresh));
  }
  Exchange& exchange = *idle_.back();
  idle_.pop_back();
  exchange.request.body = std::move(body);
  exchange.answer.clear();
  exchange.on_answer = std::move(on_answer);
  prepare(exchange, operation);
  curl_multi_add_handle(multi_, exchange.easy);
  ++running_;
}

void SignedMulti::prepare(Exchange& exchange, const char* operation) {
  base::HttpRequest& request = exchange.request;
  request.method = "POST";
  request.url = url_;
  request.headers.clear();
  request.headers.push_back({"Content-Type", "application/x-amz-json-1.0"});
  request.headers.push_back({"X-Amz-Target", std::string("AmazonSQS.") + operation});
  const auto now = base::RealClock().now();
  for (base::Header& header : aws::sign(request, credentials_, {region_, "sqs"}, now)) {
    request.headers.push_back(std::move(header));
  }
  curl_slist_free_all(std::exchange(exchange.headers, nullptr));
  for (const base::Header& header : request.headers) {
    const std::string line = header.name + ": " + header.value;
    exchange.headers = curl_slist_append(exchange.headers, line.c_str());
  }
  exchange.headers = curl_slist_append(exchange.headers, "Expect:");
  curl_easy_setopt(exchange.easy, CURLOPT_HTTPHEADER, exchange.headers);
  curl_easy_setopt(exchange.easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
  curl_easy_setopt(exchange.easy, CURLOPT_POSTFIELDS, request.body.data());
}

void SignedMulti::step(int milliseconds) {
  if (deadline_) {
    const std::int64_t left = *deadline_ - now_milliseconds();
    if (left <= 0) {
      act(CURL_SOCKET_TIMEOUT, 0);
      return;
    }
    milliseconds = static_cast<int>(std::min<std::int64_t>(milliseconds, left));
  }
  std::array<epoll_event, 64> events;
  const int count = epoll_wait(epoll_, events.data(), events.size(), milliseconds);
  for (int i = 0; i < count; ++i) {
    int what = 0;
    if (events[i].events & EPOLLIN) what |= CURL_CSELECT_IN;
    if (events[i].events & EPOLLOUT) what |= CURL_CSELECT_OUT;
    if (events[i].events & (EPOLLERR | EPOLLHUP)) what |= CURL_CSELECT_ERR;
    act(events[i].data.fd, what);
  }
}

void SignedMulti::act(curl_socket_t socket, int events) {
  if (socket == CURL_SOCKET_TIMEOUT) deadline_.reset();
  int still = 0;
  curl_multi_socket_action(multi_, socket, events, &still);
  collect_finished();
}

void SignedMulti::collect_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;
    char* pointer = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &pointer);
    auto& exchange = *reinterpret_cast<Exchange*>(pointer);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(multi_, easy);
    --running_;
    if (code != CURLE_OK || status != 200) {
      throw std::runtime_error(std::string(curl_easy_strerror(code)) + ", status " +
                               std::to_string(status) + ": " + exchange.answer.substr(0, 300));
    }
    const OnAnswer on_answer = std::move(exchange.on_answer);
    const std::string answer = std::move(exchange.answer);
    idle_.push_back(&exchange);
    on_answer(answer);
  }
}

// A socket stays registered for reading between two requests: fewer system calls, and nothing
// comes on it that is not wanted.
int SignedMulti::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  auto& multi = *static_cast<SignedMulti*>(self);
  if (what == CURL_POLL_REMOVE) return 0;
  const auto slot = static_cast<std::size_t>(socket);
  if (multi.registered_.size() <= slot) multi.registered_.resize(slot + 1);
  epoll_event event{};
  event.data.fd = socket;
  event.events = EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) event.events |= EPOLLOUT;
  if (multi.registered_[slot] == event.events) return 0;
  const int change = multi.registered_[slot] == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  multi.registered_[slot] = event.events;
  return epoll_ctl(multi.epoll_, change, socket, &event);
}

int SignedMulti::on_close(void* self, curl_socket_t socket) {
  auto& registered = static_cast<SignedMulti*>(self)->registered_;
  if (static_cast<std::size_t>(socket) < registered.size()) registered[socket] = 0;
  return ::close(socket);
}

int SignedMulti::on_timer(CURLM*, long milliseconds, void* self) {
  auto& deadline = static_cast<SignedMulti*>(self)->deadline_;
  deadline.reset();
  if (milliseconds >= 0) deadline = milliseconds == 0 ? 0 : now_milliseconds() + milliseconds;
  return 0;
}

std::size_t SignedMulti::on_body(char* data, std::size_t size, std::size_t count, void* exchange) {
  static_cast<Exchange*>(exchange)->answer.append(data, size * count);
  return size * count;
}

}  // namespace bench
