// The one translation unit that compiles Beast for serving.
#include "base/http_server.h"

#include "base/clock.h"
#include "base/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <exception>
#include <list>
#include <optional>

namespace base {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

namespace {

constexpr auto kIdleTimeout = std::chrono::seconds(75);
constexpr Duration kAcceptPause{100};
constexpr std::uint32_t kHeaderBytesMax = 64U << 10U;

HttpRequest to_request(http::request<http::string_body>&& parsed) {
  HttpRequest request;
  request.method = std::string(parsed.method_string());
  request.url = std::string(parsed.target());
  for (const auto& field : parsed) {
    request.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  request.body = std::move(parsed.body());
  return request;
}

// The answer to a HEAD has the headers of the answer to a GET, and no body.
http::response<http::string_body> to_response(HttpResponse&& answer, unsigned version, bool keep,
                                              bool head) {
  http::response<http::string_body> response;
  response.result(static_cast<unsigned>(answer.status));
  response.version(version);
  for (const Header& header : answer.headers) response.insert(header.name, header.value);
  response.body() = std::move(answer.body);
  response.keep_alive(keep);
  response.prepare_payload();
  if (head) response.body().clear();
  return response;
}

int status_of(const boost::system::error_code& ec) {
  if (ec == http::error::body_limit) return 413;
  if (ec == http::error::header_limit) return 431;
  if (ec.category() == make_error_code(http::error::bad_method).category()) return 400;
  return 0;
}

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::any_io_executor ex, Options opts, HttpHandler h)
      : executor(std::move(ex)),
        options(std::move(opts)),
        handler(std::move(h)),
        acceptor(executor) {}

  asio::any_io_executor executor;
  Options options;
  HttpHandler handler;
  tcp::acceptor acceptor;
  bool stopping = false;
  std::list<asio::cancellation_signal> sessions;  // one per open connection

  asio::awaitable<HttpResponse> answer(HttpRequest request) {
    try {
      co_return co_await handler(std::move(request));
    } catch (const boost::system::system_error& e) {
      if (e.code() == asio::error::operation_aborted) throw;
      log_error("base", "http handler failed", {{"error", e.what()}});
    } catch (const std::exception& e) {
      log_error("base", "http handler failed", {{"error", e.what()}});
    }
    co_return HttpResponse{500, {{"Content-Type", "text/plain"}}, "internal error\n"};
  }

  asio::awaitable<void> write(beast::tcp_stream& stream, HttpResponse response, unsigned version,
                              bool keep, bool head = false) {
    auto message = to_response(std::move(response), version, keep, head);
    co_await http::async_write(stream, message, asio::use_awaitable);
  }

  // A client that asks first whether it may send the body is told to go ahead.
  asio::awaitable<boost::system::error_code> read(beast::tcp_stream& stream,
                                                  beast::flat_buffer& buffer,
                                                  http::request_parser<http::string_body>& parser) {
    const auto as_tuple = asio::as_tuple(asio::use_awaitable);
    const auto [ec, bytes] = co_await http::async_read_header(stream, buffer, parser, as_tuple);
    if (ec || parser.is_done()) co_return ec;
    if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      const auto [failed, sent] = co_await asio::async_write(
          stream, asio::buffer(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")), as_tuple);
      if (failed) co_return failed;
    }
    const auto [failed, rest] = co_await http::async_read(stream, buffer, parser, as_tuple);
    co_return failed;
  }

  // Status 0 from the handler means: close without an answer (the simulator's lost responses).
  asio::awaitable<void> serve(tcp::socket socket) {
    beast::tcp_stream stream(std::move(socket));
    beast::flat_buffer buffer;
    buffer.reserve(16U << 10U);
    while (!stopping) {
      http::request_parser<http::string_body> parser;
      parser.body_limit(options.body_bytes_max);
      parser.header_limit(kHeaderBytesMax);
      stream.expires_after(kIdleTimeout);
      auto ec = co_await read(stream, buffer, parser);
      if (ec) {
        const int status = status_of(ec);
        if (status != 0) {
          HttpResponse refusal{status, {{"Content-Type", "text/plain"}}, ec.message() + "\n"};
          co_await write(stream, std::move(refusal), 11, false);
        }
        break;
      }
      stream.expires_never();  // a handler may take as long as a long poll
      const bool keep = parser.get().keep_alive();
      const unsigned version = parser.get().version();
      const bool head = parser.get().method() == http::verb::head;
      HttpRequest request = to_request(parser.release());
      HttpResponse response = co_await answer(std::move(request));
      if (response.status == 0) break;
      stream.expires_after(kIdleTimeout);
      const bool keep_open = keep && !stopping;
      co_await write(stream, std::move(response), version, keep_open, head);
      if (!keep_open) break;
    }
    boost::system::error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
  }

  void start_session(tcp::socket socket) {
    const auto self = shared_from_this();
    const auto session = sessions.emplace(sessions.end());
    auto finished = [self, session](std::exception_ptr e) {
      self->sessions.erase(session);
      try {
        if (e) std::rethrow_exception(e);
      } catch (const boost::system::system_error&) {
        // The peer went away, or stop(): nothing to tell anyone.
      }
    };
    asio::co_spawn(executor, serve(std::move(socket)),
                   asio::bind_cancellation_slot(session->slot(), finished));
  }
};

Result<std::unique_ptr<HttpServer>> HttpServer::listen(asio::any_io_executor executor,
                                                       Options options, HttpHandler handler) {
  auto impl = std::make_shared<Impl>(std::move(executor), std::move(options), std::move(handler));
  boost::system::error_code ec;
  const auto address = asio::ip::make_address(impl->options.address, ec);
  if (ec) {
    return invalid(fmt::format("address '{}' is not an IP address", impl->options.address));
  }
  const tcp::endpoint endpoint(address, impl->options.port);
  impl->acceptor.open(endpoint.protocol(), ec);
  if (!ec) impl->acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) impl->acceptor.bind(endpoint, ec);
  if (!ec) impl->acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) {
    return fatal(fmt::format("listening on {}:{}: {}", impl->options.address, impl->options.port,
                             ec.message()));
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { stop(); }

std::uint16_t HttpServer::port() const { return impl_->acceptor.local_endpoint().port(); }

asio::awaitable<void> HttpServer::run() {
  const auto impl = impl_;
  RealClock clock;
  while (!impl->stopping) {
    auto [ec, socket] = co_await impl->acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if (ec == asio::error::operation_aborted || impl->stopping) break;
    if (ec) {
      log_warn("base", "accepting a connection failed", {{"error", ec.message()}});
      // Most likely no file descriptor is left: the next accept would fail at once, for ever.
      co_await clock.sleep_for(kAcceptPause);
      continue;
    }
    if (impl->sessions.size() >= impl->options.connections_max) continue;  // closes it
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    impl->start_session(std::move(socket));
  }
}

void HttpServer::stop() {
  if (impl_->stopping) return;
  impl_->stopping = true;
  boost::system::error_code ignored;
  impl_->acceptor.close(ignored);
  for (auto& session : impl_->sessions) session.emit(asio::cancellation_type::terminal);
}

}  // namespace base
