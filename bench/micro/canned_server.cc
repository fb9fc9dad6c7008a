#include "bench/micro/canned_server.h"

#include "bench/micro/samples.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <map>
#include <stdexcept>
#include <string_view>

namespace bench {

namespace {

std::string http_answer(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nx-amzn-RequestId: 5b8c7a2e-52a3-4ad4-8b4c-2f5a0a1b6c11\r\n"
         "Date: Fri, 02 Jan 2026 03:04:05 GMT\r\nContent-Type: application/x-amz-json-1.0\r\n"
         "connection: keep-alive\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Bytes of the first whole request in `text`; none if more have to come.
std::size_t whole_request(std::string_view text) {
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const auto head = text.find("\r\n\r\n");
  const auto length = text.find(kLength);
  if (head == std::string_view::npos || length > head) return 0;
  const char* digits = text.data() + length + kLength.size();
  std::size_t bytes = 0;
  std::from_chars(digits, text.data() + head, bytes);
  return text.size() >= head + 4 + bytes ? head + 4 + bytes : 0;
}

[[noreturn]] void serve(int listener, const std::string& body) {
  const std::string received = http_answer(receive_answer(body));
  const std::string deleted = http_answer(delete_batch_answer());
  const int poll = ::epoll_create1(0);
  const auto watch = [poll](int socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
  };
  watch(listener);
  std::map<int, std::string> pending;
  char chunk[65536];
  for (;;) {
    epoll_event events[64];
    const int ready = ::epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < ready; ++i) {
      const int socket = events[i].data.fd;
      if (socket == listener) {
        const int accepted = ::accept(listener, nullptr, nullptr);
        const int on = 1;
        ::setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(accepted);
        continue;
      }
      const auto bytes = ::recv(socket, chunk, sizeof chunk, 0);
      if (bytes <= 0) {
        pending.erase(socket);
        ::close(socket);
        continue;
      }
      std::string& text = pending[socket];
      text.append(chunk, static_cast<std::size_t>(bytes));
      while (const std::size_t request = whole_request(text)) {
        const bool receive = text.substr(0, request).find("AmazonSQS.Rec") != std::string::npos;
        const std::string& answer = receive ? received : deleted;
        if (::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
        text.erase(0, request);
      }
    }
  }
}

}  // namespace

CannedServer::CannedServer(const std::string& body) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (listener < 0 || ::bind(listener, raw, size) != 0 || ::listen(listener, 128) != 0 ||
      ::getsockname(listener, raw, &size) != 0) {
    throw std::runtime_error("no loopback socket for the canned server");
  }
  port_ = ntohs(address.sin_port);
  process_ = ::fork();
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(listener, body);
  }
  ::close(listener);
  if (process_ < 0) throw std::runtime_error("no process for the canned server");
}

CannedServer::~CannedServer() {
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

}  // namespace bench
