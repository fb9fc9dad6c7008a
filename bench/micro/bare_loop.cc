#include "bench/micro/bare_loop.h"

#include "aws/sigv4.h"
#include "aws/sqs_wire.h"
#include "bench/micro/samples.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <vector>

namespace bench {

namespace {

const aws::Credentials kCredentials{
    .access_key_id = "AKIDEXAMPLE",
    .secret_access_key = base::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    .session_token = {},
    .expiration = {},
    .source = "benchmark"};

struct Bare {
  CURLM* multi = curl_multi_init();
  int poll = ::epoll_create1(EPOLL_CLOEXEC);
  long timeout = -1;
  base::HttpRequest receive;
  base::HttpRequest remove;
  aws::SigningKeys keys;
};

struct Pair {
  CURL* easy = curl_easy_init();
  curl_slist* headers = nullptr;
  std::string answer;
  bool removing = false;
  ~Pair() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
  }
};

int on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self, void* known) {
  auto& bare = *static_cast<Bare*>(self);
  if (what == CURL_POLL_REMOVE) {
    ::epoll_ctl(bare.poll, EPOLL_CTL_DEL, socket, nullptr);
    return 0;
  }
  epoll_event event{};
  event.events =
      ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);
  event.data.fd = socket;
  ::epoll_ctl(bare.poll, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
  curl_multi_assign(bare.multi, socket, self);
  return 0;
}

int on_timer(CURLM* /*multi*/, long milliseconds, void* self) {
  static_cast<Bare*>(self)->timeout = milliseconds;
  return 0;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
  static_cast<std::string*>(self)->append(data, size * count);
  return size * count;
}

void begin(Bare& bare, Pair& pair) {
  const base::HttpRequest& request = pair.removing ? bare.remove : bare.receive;
  curl_slist_free_all(std::exchange(pair.headers, nullptr));
  const auto add = [&pair](const base::Header& header) {
    pair.headers = curl_slist_append(pair.headers, (header.name + ": " + header.value).c_str());
  };
  for (const base::Header& header : request.headers) add(header);
  const base::TimePoint now =
      std::chrono::time_point_cast<base::TimePoint::duration>(std::chrono::system_clock::now());
  aws::SigningOptions options;
  options.keys = &bare.keys;
  for (const auto& header : aws::sign(request, kCredentials, {"eu-west-2", "sqs"}, now, options)) {
    add(header);
  }
  add({"Expect", ""});
  pair.answer.clear();
  curl_easy_setopt(pair.easy, CURLOPT_HTTPHEADER, pair.headers);
  curl_easy_setopt(pair.easy, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(pair.easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
  curl_multi_add_handle(bare.multi, pair.easy);
}

base::HttpRequest request_of(const std::string& url, const std::string& operation,
                             const std::string& body) {
  base::HttpRequest request;
  request.method = "POST";
  request.url = url + "/";
  request.headers = {{"X-Amz-Target", "AmazonSQS." + operation},
                     {"Content-Type", "application/x-amz-json-1.0"}};
  request.body = body;
  return request;
}

}  // namespace

void run_bare_loop(const std::string& url, std::size_t pairs, std::size_t concurrency) {
  Bare bare;
  const auto queue = queue_url();
  bare.receive =
      request_of(url, "ReceiveMessage", aws::wire::receive_message_request(queue, {}).value());
  bare.remove =
      request_of(url, "DeleteMessageBatch",
                 aws::wire::delete_message_batch_request(queue, receipt_handles()).value());
  curl_multi_setopt(bare.multi, CURLMOPT_SOCKETFUNCTION, &on_socket);
  curl_multi_setopt(bare.multi, CURLMOPT_SOCKETDATA, &bare);
  curl_multi_setopt(bare.multi, CURLMOPT_TIMERFUNCTION, &on_timer);
  curl_multi_setopt(bare.multi, CURLMOPT_TIMERDATA, &bare);

  std::vector<std::unique_ptr<Pair>> running;
  std::size_t begun = 0;
  std::size_t ended = 0;
  for (; begun < concurrency && begun < pairs; ++begun) {
    auto& pair = *running.emplace_back(std::make_unique<Pair>());
    curl_easy_setopt(pair.easy, CURLOPT_URL, bare.receive.url.c_str());
    curl_easy_setopt(pair.easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(pair.easy, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(pair.easy, CURLOPT_WRITEDATA, &pair.answer);
    curl_easy_setopt(pair.easy, CURLOPT_PRIVATE, &pair);
    begin(bare, pair);
  }
  int left = 0;
  while (ended < pairs) {
    epoll_event events[64];
    const int ready = ::epoll_wait(bare.poll, events, 64, static_cast<int>(bare.timeout));
    if (ready == 0) {
      bare.timeout = -1;  // libcurl says when it wants to be called again
      curl_multi_socket_action(bare.multi, CURL_SOCKET_TIMEOUT, 0, &left);
    }
    for (int i = 0; i < ready; ++i) {
      const int what = ((events[i].events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                       ((events[i].events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0);
      curl_multi_socket_action(bare.multi, events[i].data.fd, what, &left);
    }
    while (CURLMsg* message = curl_multi_info_read(bare.multi, &left)) {
      if (message->data.result != CURLE_OK) throw std::runtime_error("the bare loop failed");
      CURL* easy = message->easy_handle;
      Pair* pair = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &pair);
      curl_multi_remove_handle(bare.multi, easy);
      if (pair->removing) ++ended;
      pair->removing = !pair->removing;
      if (pair->removing || begun++ < pairs) begin(bare, *pair);
    }
  }
  running.clear();
  curl_multi_cleanup(bare.multi);
  ::close(bare.poll);
}

}  // namespace bench
