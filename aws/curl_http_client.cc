#include "aws/curl_http_client.h"

#include "aws/curl_transfer.h"
#include "base/waiter.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aws {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kIdleHandlesMax = 128;
constexpr long kIdleConnectionsMax = 512;

struct Exchange {
  Exchange(base::HttpRequest request, HttpOptions options)
      : transfer(std::move(request), options) {}

  CurlTransfer transfer;
  std::unique_ptr<base::Waiter> waiter;  // the suspended coroutine
  std::optional<base::Result<base::HttpResponse>> result;
};

// A socket that libcurl wants to be told about.
struct Watch {
  explicit Watch(const asio::any_io_executor& executor) : descriptor(executor) {}

  asio::posix::stream_descriptor descriptor;
  bool owned = false;    // opened by us for libcurl; else the resolver's, and never closed by us
  int wanted = 0;        // CURL_POLL_IN | CURL_POLL_OUT
  bool reading = false;  // a wait is pending
  bool writing = false;
};

}  // namespace

struct CurlHttpClient::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::any_io_executor ex, CurlOptions opts)
      : executor(std::move(ex)), options(std::move(opts)), timer(executor) {}

  base::Result<void> open();
  void close();

  base::Result<void> start(const std::shared_ptr<Exchange>& exchange);
  void abort(CURL* easy);
  void complete(CURL* easy, error_code ec);
  void act(curl_socket_t socket, int events);
  void collect_finished();

  void set_timer(long milliseconds);
  void kick();
  void wait_for_timer();
  void wait_for_socket(const std::shared_ptr<Watch>& watch, int direction);
  void watch_socket(curl_socket_t socket, int wanted);

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*);
  static int on_timer(CURLM*, long milliseconds, void* self);
  static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr* address);
  static int on_close(void* self, curl_socket_t socket);

  asio::any_io_executor executor;
  CurlOptions options;
  asio::steady_timer timer;
  std::optional<asio::steady_timer::time_point> deadline;  // when libcurl wants to be called
  bool timer_pending = false;
  std::uint64_t timer_waits = 0;
  CURLM* multi = nullptr;
  std::unordered_map<CURL*, std::shared_ptr<Exchange>> running;
  std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches;
  std::vector<PooledHandle> idle;
  bool kicked = false;  // libcurl will be called at once
};

base::Result<void> CurlHttpClient::Impl::open() {
  static const CURLcode kInitialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kInitialised != CURLE_OK) return base::fatal("libcurl cannot be initialised");
  multi = curl_multi_init();
  if (multi == nullptr) return base::fatal("libcurl has no multi handle for us");
  const bool ok = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &on_socket) == CURLM_OK &&
                  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this) == CURLM_OK &&
                  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &on_timer) == CURLM_OK &&
                  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this) == CURLM_OK &&
                  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kIdleConnectionsMax) == CURLM_OK;
  if (!ok) return base::fatal("libcurl refused an option of its multi handle");
  return {};
}

void CurlHttpClient::Impl::close() {
  while (!running.empty()) complete(running.begin()->first, asio::error::operation_aborted);
  idle.clear();
  if (multi != nullptr) curl_multi_cleanup(multi);  // closes the connections, through on_close
  multi = nullptr;
  for (auto& [socket, watch] : watches) {
    if (!watch->owned) watch->descriptor.release();
  }
  watches.clear();
  timer.cancel();
}

base::Result<void> CurlHttpClient::Impl::start(const std::shared_ptr<Exchange>& exchange) {
  PooledHandle pooled;
  if (idle.empty()) {
    pooled.easy.reset(curl_easy_init());
    if (!pooled.easy) return base::fatal("libcurl has no easy handle for us");
  } else {
    pooled = std::move(idle.back());
    idle.pop_back();
  }
  const SocketHooks hooks{&on_open, &on_close, this};
  if (auto ok = exchange->transfer.prepare(std::move(pooled), options, hooks); !ok) return ok;
  CURL* handle = exchange->transfer.easy();
  running.emplace(handle, exchange);
  const CURLMcode code = curl_multi_add_handle(multi, handle);
  if (code == CURLM_OK) return {};
  running.erase(handle);
  return base::fatal(fmt::format("libcurl refused a transfer: {}", curl_multi_strerror(code)));
}

// Takes the exchange out of libcurl and resumes its coroutine (later, never inside this call).
void CurlHttpClient::Impl::complete(CURL* easy, error_code ec) {
  auto node = running.extract(easy);
  if (node.empty()) return;
  const std::shared_ptr<Exchange> exchange = std::move(node.mapped());
  curl_multi_remove_handle(multi, easy);
  if (idle.size() < kIdleHandlesMax) idle.push_back(exchange->transfer.release());
  if (running.empty()) {
    deadline.reset();
    timer.cancel();  // an armed timer would keep the io_context from running out of work
  }
  std::exchange(exchange->waiter, nullptr)->complete(ec);
}

void CurlHttpClient::Impl::abort(CURL* easy) { complete(easy, asio::error::operation_aborted); }

void CurlHttpClient::Impl::act(curl_socket_t socket, int events) {
  if (multi == nullptr) return;
  int still_running = 0;
  curl_multi_socket_action(multi, socket, events, &still_running);
  collect_finished();
}

void CurlHttpClient::Impl::collect_finished() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    // The message is gone once its handle is removed: take what it says first.
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;
    const auto found = running.find(easy);
    if (found == running.end()) continue;
    found->second->result = found->second->transfer.finish(code);
    complete(easy, {});
  }
}

void CurlHttpClient::Impl::set_timer(long milliseconds) {
  deadline.reset();
  if (milliseconds < 0) return;
  if (milliseconds == 0) {  // at the start of every request: no timer is worth setting up for that
    kick();
    return;
  }
  deadline = asio::steady_timer::clock_type::now() + std::chrono::milliseconds(milliseconds);
  // Re-armed only when it must fire earlier: libcurl moves its deadline with every request.
  if (timer_pending && timer.expiry() <= *deadline) return;
  timer.expires_at(*deadline);
  wait_for_timer();
}

void CurlHttpClient::Impl::kick() {
  if (std::exchange(kicked, true)) return;
  asio::post(executor, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->kicked = false;
    self->act(CURL_SOCKET_TIMEOUT, 0);
  });
}

void CurlHttpClient::Impl::wait_for_timer() {
  timer_pending = true;
  timer.async_wait([weak = weak_from_this(), wait = ++timer_waits](error_code) {
    const auto self = weak.lock();
    if (!self || wait != self->timer_waits) return;  // a newer wait is the pending one
    self->timer_pending = false;
    // Expired or cancelled: libcurl may have set another deadline since, and this is all that is
    // left to keep it.
    if (!self->deadline) return;
    if (asio::steady_timer::clock_type::now() < *self->deadline) {
      self->timer.expires_at(*self->deadline);
      self->wait_for_timer();
      return;
    }
    self->deadline.reset();
    self->act(CURL_SOCKET_TIMEOUT, 0);
  });
}

void CurlHttpClient::Impl::wait_for_socket(const std::shared_ptr<Watch>& watch, int direction) {
  const bool read = direction == CURL_POLL_IN;
  bool& pending = read ? watch->reading : watch->writing;
  if (pending || (watch->wanted & direction) == 0) return;
  pending = true;
  const auto type =
      read ? asio::posix::stream_descriptor::wait_read : asio::posix::stream_descriptor::wait_write;
  watch->descriptor.async_wait(type, [weak = weak_from_this(), watch, direction](error_code ec) {
    (direction == CURL_POLL_IN ? watch->reading : watch->writing) = false;
    const auto self = weak.lock();
    if (!self || !watch->descriptor.is_open() || (watch->wanted & direction) == 0) return;
    if (ec != asio::error::operation_aborted) {
      const int events = direction == CURL_POLL_IN ? CURL_CSELECT_IN : CURL_CSELECT_OUT;
      self->act(watch->descriptor.native_handle(), ec ? events | CURL_CSELECT_ERR : events);
    }
    if (watch->descriptor.is_open()) self->wait_for_socket(watch, direction);
  });
}

void CurlHttpClient::Impl::watch_socket(curl_socket_t socket, int wanted) {
  auto found = watches.find(socket);
  if (found == watches.end()) {
    if (wanted == 0) return;
    // Not opened by on_open: the wake-up pipe of libcurl's resolver thread.
    auto watch = std::make_shared<Watch>(executor);
    error_code ec;
    watch->descriptor.assign(socket, ec);
    if (ec) return;  // the transfer's own timeout ends it
    found = watches.emplace(socket, std::move(watch)).first;
  }
  const std::shared_ptr<Watch> watch = found->second;
  watch->wanted = wanted;
  if (wanted == 0) {
    if (!watch->owned) {
      watch->descriptor.release();
      watches.erase(found);
    } else if (watch->reading || watch->writing) {
      error_code ignored;
      watch->descriptor.cancel(ignored);
    }
    return;
  }
  wait_for_socket(watch, CURL_POLL_IN);
  wait_for_socket(watch, CURL_POLL_OUT);
}

int CurlHttpClient::Impl::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  const int wanted = what == CURL_POLL_REMOVE ? 0 : what;
  static_cast<Impl*>(self)->watch_socket(socket, wanted);
  return 0;
}

int CurlHttpClient::Impl::on_timer(CURLM*, long milliseconds, void* self) {
  static_cast<Impl*>(self)->set_timer(milliseconds);
  return 0;
}

curl_socket_t CurlHttpClient::Impl::on_open(void* self, curlsocktype, curl_sockaddr* address) {
  auto& impl = *static_cast<Impl*>(self);
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket < 0) return CURL_SOCKET_BAD;
  auto watch = std::make_shared<Watch>(impl.executor);
  error_code ec;
  watch->descriptor.assign(socket, ec);
  if (ec) {
    ::close(socket);
    return CURL_SOCKET_BAD;
  }
  watch->owned = true;
  impl.watches[socket] = std::move(watch);
  return socket;
}

int CurlHttpClient::Impl::on_close(void* self, curl_socket_t socket) {
  auto& impl = *static_cast<Impl*>(self);
  const auto found = impl.watches.find(socket);
  if (found == impl.watches.end()) return ::close(socket);
  error_code ignored;
  found->second->wanted = 0;
  found->second->descriptor.close(ignored);
  impl.watches.erase(found);
  return 0;
}

CurlOptions curl_options(const Environment& environment) {
  CurlOptions options;
  options.ca_bundle = environment("AWS_CA_BUNDLE").value_or("");
  return options;
}

base::Result<std::unique_ptr<CurlHttpClient>> CurlHttpClient::create(asio::any_io_executor executor,
                                                                     CurlOptions options) {
  auto impl = std::make_shared<Impl>(std::move(executor), std::move(options));
  if (auto ok = impl->open(); !ok) return ok.error();
  return std::unique_ptr<CurlHttpClient>(new CurlHttpClient(std::move(impl)));
}

CurlHttpClient::CurlHttpClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

CurlHttpClient::~CurlHttpClient() { impl_->close(); }

asio::awaitable<base::Result<base::HttpResponse>> CurlHttpClient::send(base::HttpRequest request,
                                                                       HttpOptions options) {
  const auto impl = impl_;
  const auto exchange = std::make_shared<Exchange>(std::move(request), options);
  auto initiate = [impl, exchange](auto handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    exchange->waiter = base::make_waiter(std::move(handler), impl->executor);
    if (impl->multi == nullptr) {
      exchange->waiter->complete(asio::error::operation_aborted);
      return;
    }
    if (auto ok = impl->start(exchange); !ok) {
      exchange->result = ok.error();
      std::exchange(exchange->waiter, nullptr)->complete({});
      return;
    }
    if (!slot.is_connected()) return;
    slot.assign([weak = std::weak_ptr<Impl>(impl), easy = exchange->transfer.easy(),
                 alive = std::weak_ptr<Exchange>(exchange)](asio::cancellation_type) {
      const auto self = weak.lock();
      const auto aborted = alive.lock();
      if (self && aborted && aborted->waiter) self->abort(easy);
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(error_code)>(
      std::move(initiate), asio::use_awaitable);
  co_return std::move(*exchange->result);
}

}  // namespace aws
