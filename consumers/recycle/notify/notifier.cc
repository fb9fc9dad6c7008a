#include "consumers/recycle/notify/notifier.h"

#include "base/guarded.h"
#include "base/log.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include <utility>

namespace consumers::recycle {
namespace {

constexpr const char* kLogger = "consumers";

}  // namespace

Notifier::Notifier(std::vector<std::unique_ptr<Sink>> sinks, boost::asio::any_io_executor executor,
                   base::Clock& clock, base::Random& random, OutboxLimits limits)
    : clock_(clock), random_(random), closed_(executor, clock) {
  for (auto& sink : sinks) {
    places_.push_back(std::make_unique<Place>(std::move(sink), executor, clock, limits));
  }
}

// By run and kind, and what is said; while a window is awaited there is no run yet, and every
// delivery of the request says the same.
bool Notifier::is_repeated(const Notice& notice) {
  const Progress& run = notice.progress;
  const bool no_run = notice.kind == NoticeKind::kWaiting;
  std::string key = fmt::format("{}/{}/{}/", run.group, to_string(notice.kind),
                                no_run ? std::string() : run.run_id);
  if (notice.kind != NoticeKind::kStarted) key += run.step;
  if (!told_.insert(key).second) return true;
  told_in_order_.push_back(std::move(key));
  if (told_in_order_.size() > kRemembered) {
    told_.erase(told_in_order_.front());
    told_in_order_.pop_front();
  }
  return false;
}

void Notifier::post(const Progress& progress) {
  const auto notice = notice_of(progress, clock_.now());
  if (!notice || places_.empty() || is_repeated(*notice)) return;
  for (const auto& place : places_) {
    const auto lane = place->sink->lane_of(*notice);
    if (!lane) continue;
    if (place->box.push(*lane, *notice, clock_.steady_now()) > 0) {
      base::log_warn(kLogger, "too many notifications wait, the oldest is dropped",
                     {{"sink", place->sink->name()}, {"waiting", place->box.size()}});
    }
    place->posted.ring();
  }
}

std::size_t Notifier::waiting() const {
  std::size_t count = 0;
  for (const auto& place : places_) count += place->box.size();
  return count;
}

void Notifier::close(base::Duration deadline) {
  if (deadline_) return;
  deadline_ = clock_.steady_now() + deadline;
  closed_.ring();
  for (const auto& place : places_) place->posted.ring();
}

void Notifier::report_given_up(Place& place) {
  const std::uint64_t given_up = place.box.given_up();
  if (given_up == place.given_up) return;
  base::log_warn(kLogger, "notifications were given up, they could not be delivered for too long",
                 {{"sink", place.sink->name()}, {"count", given_up - place.given_up}});
  place.given_up = given_up;
}

boost::asio::awaitable<void> Notifier::deliver(Place& place, Notice notice) {
  const Receipt receipt = co_await place.sink->send(notice);
  place.box.settle(receipt, place.sink->pace(), clock_.steady_now(), random_);
  if (receipt.fate == Receipt::Fate::kTaken) co_return;
  const bool again = receipt.fate == Receipt::Fate::kAgain;
  base::log_warn(kLogger,
                 again ? "notification not delivered, trying again later" : "notification refused",
                 {{"sink", place.sink->name()},
                  {"group", notice.progress.group},
                  {"kind", to_string(notice.kind)},
                  {"error", receipt.why}});
}

boost::asio::awaitable<void> Notifier::serve(Place& place) {
  while (true) {
    const auto notice = place.box.take(clock_.steady_now());
    report_given_up(place);
    if (notice) {
      co_await deliver(place, *notice);
      continue;
    }
    if (place.box.empty() && deadline_) co_return;
    if (const auto due = place.box.next_due()) {
      co_await place.posted.wait_until(*due);
    } else {
      co_await place.posted.wait();
    }
  }
}

boost::asio::awaitable<void> Notifier::serve_all(std::size_t from) {
  using boost::asio::experimental::awaitable_operators::operator&&;
  if (from >= places_.size()) co_return;
  if (from + 1 == places_.size()) {
    co_await serve(*places_[from]);
    co_return;
  }
  co_await (base::guarded(serve(*places_[from])) && base::guarded(serve_all(from + 1)));
}

boost::asio::awaitable<void> Notifier::wait_for_end() {
  while (!deadline_) co_await closed_.wait();
  co_await clock_.sleep_until(*deadline_);
}

boost::asio::awaitable<void> Notifier::run() {
  using boost::asio::experimental::awaitable_operators::operator||;
  co_await (base::guarded(serve_all(0)) || base::guarded(wait_for_end()));
  if (waiting() > 0) {
    base::log_warn(kLogger, "notifications were not delivered before the end",
                   {{"count", waiting()}});
  }
}

}  // namespace consumers::recycle
