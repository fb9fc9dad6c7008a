// HostileHttp: an aws::HttpClient whose network is as bad as its Weather, in virtual time.
//
// The server's side of an exchange runs on its own: whatever becomes of the client, a request that
// arrived is carried out, and a long poll whose client went away may take messages with it. Drawn
// from one seed. A request that fails here fails as aws::CurlHttpClient would report it.
#pragma once

#include "aws/http_client.h"
#include "base/clock.h"
#include "base/random.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace test {

// Shares of the exchanges to which it happens, tried in this order, at most one of them each.
struct Weather {
  double refused = 0;            // no connection: ConnectError
  double reset_before = 0;       // closed before the server read it: NetworkError
  double reset_after = 0;        // carried out, closed before the answer: NetworkError
  double black_hole_before = 0;  // never arrives, never answered: the client's own Timeout
  double black_hole_after = 0;   // carried out, never answered
  double gateway = 0;            // a proxy's 502, 503 or 504 with HTML; nothing carried out
  double gateway_after = 0;      // the same, but it was carried out
  double cut = 0;                // the body ends somewhere in its middle under status 200
  double repeated = 0;           // sent again on a fresh connection after the first was carried out
  double slow = 0;               // takes up to slow_max longer, half before and half after
  base::Duration latency_min{1};
  base::Duration latency_max{5};
  base::Duration slow_max{8'000};
  // A client that gives up while the server waits: how often the server notices, and stops waiting.
  double hangup_noticed = 0.5;
};

class HostileHttp final : public aws::HttpClient {
 public:
  using Answer = base::Result<base::HttpResponse>;

  // What happens on the wire, for whoever judges it. Numbers are of this client, from 1.
  class Tap {
   public:
    virtual ~Tap() = default;
    virtual void on_request(std::uint64_t number, const base::HttpRequest&) = 0;  // leaves us
    virtual void on_answer(std::uint64_t number, const Answer&) = 0;              // reaches us
  };

  // `handler` outlives every exchange (idle()); `executor` runs the server's side.
  HostileHttp(base::HttpHandler handler, boost::asio::any_io_executor executor, base::Clock& clock,
              std::uint64_t seed);
  ~HostileHttp() override;

  Weather weather;
  Tap* tap = nullptr;
  // Answers in the server's place, e.g. AccessDenied for one queue.
  std::function<std::optional<base::HttpResponse>(const base::HttpRequest&)> refuse;

  // The client's process is gone: nothing leaves it any more and nothing arrives. What is left of
  // it in this process sees errors at once and is not heard by the tap.
  void cut_off();
  bool is_cut_off() const { return cut_off_; }
  // No exchange is under way on either side.
  bool idle() const;

  boost::asio::awaitable<Answer> send(base::HttpRequest request, aws::HttpOptions options) override;

 private:
  struct Exchange;
  struct Shared;
  enum class Fate;

  Fate draw();
  base::Duration latency();
  boost::asio::awaitable<Answer> exchange(base::HttpRequest request, base::SteadyPoint deadline);
  boost::asio::awaitable<Answer> serve(base::HttpRequest request, base::SteadyPoint deadline);
  boost::asio::awaitable<void> wait(base::SteadyPoint until);

  base::HttpHandler handler_;
  boost::asio::any_io_executor executor_;
  base::Clock& clock_;
  base::Random random_;
  std::shared_ptr<Shared> shared_;  // outlives us with the exchanges that the server still works on
  std::uint64_t requests_ = 0;
  std::uint64_t exchanges_ = 0;
  std::map<std::uint64_t, Exchange*> open_;  // in order: addresses differ from run to run
  bool cut_off_ = false;
};

}  // namespace test
