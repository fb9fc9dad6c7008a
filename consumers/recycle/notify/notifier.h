// Notifier: tells people of recycles without ever getting in their way. post() returns at once; a
// sink that hangs, fails or is slow holds up neither a recycle nor another sink.
//
// At most one notice of a kind goes out for a run (a resumed run repeats its turns); notices are
// lost with the process, like any log line that was not written: the journal and the hooks are what
// survives a crash.
#pragma once

#include "base/alarm.h"
#include "consumers/recycle/notify/outbox.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace consumers::recycle {

class Notifier {
 public:
  // References outlive it.
  Notifier(std::vector<std::unique_ptr<Sink>> sinks, boost::asio::any_io_executor executor,
           base::Clock& clock, base::Random& random, OutboxLimits limits = {});

  void post(const Progress& progress);
  // Until close() was called and everything is sent, or its time has passed.
  boost::asio::awaitable<void> run();
  void close(base::Duration deadline);

  std::size_t waiting() const;  // notices that no sink has taken yet, of all sinks

  static constexpr std::size_t kRemembered = 10'000;  // notices that are not to be repeated

 private:
  struct Place {
    Place(std::unique_ptr<Sink> the_sink, boost::asio::any_io_executor executor, base::Clock& clock,
          OutboxLimits limits)
        : sink(std::move(the_sink)), box(limits), posted(std::move(executor), clock) {}

    std::unique_ptr<Sink> sink;
    Outbox box;
    base::Alarm posted;
    std::uint64_t given_up = 0;  // told in the log so far
  };

  bool is_repeated(const Notice& notice);
  boost::asio::awaitable<void> serve_all(std::size_t from);
  boost::asio::awaitable<void> serve(Place& place);
  boost::asio::awaitable<void> deliver(Place& place, Notice notice);
  boost::asio::awaitable<void> wait_for_end();
  void report_given_up(Place& place);

  base::Clock& clock_;
  base::Random& random_;
  std::vector<std::unique_ptr<Place>> places_;
  base::Alarm closed_;
  std::optional<base::SteadyPoint> deadline_;  // set by close()
  std::set<std::string> told_;
  std::deque<std::string> told_in_order_;
};

}  // namespace consumers::recycle
