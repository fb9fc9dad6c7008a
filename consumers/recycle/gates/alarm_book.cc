#include "consumers/recycle/gates/alarm_book.h"

#include <algorithm>

namespace consumers::recycle {
namespace {

// Until the read of somebody else has ended.
constexpr base::Duration kLookAgain{50};

// Cleared also when the reading coroutine is cancelled.
struct Flag {
  explicit Flag(bool& flag) : flag_(flag) { flag_ = true; }
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;
  ~Flag() { flag_ = false; }

 private:
  bool& flag_;
};

}  // namespace

// Read not long ago, or after `since`: a read that takes long must not be asked for again and
// again.
bool AlarmBook::is_fresh(const std::vector<std::string>& names, base::SteadyPoint since) const {
  const base::SteadyPoint now = clock_.steady_now();
  return std::ranges::all_of(names, [&](const std::string& name) {
    const auto entry = entries_.find(name);
    return entry != entries_.end() && entry->second.read_at &&
           (*entry->second.read_at >= since || now - *entry->second.read_at < kFresh);
  });
}

boost::asio::awaitable<base::Result<void>> AlarmBook::refresh() {
  const Flag flag(refreshing_);
  const base::SteadyPoint now = clock_.steady_now();
  std::erase_if(entries_,
                [&](const auto& entry) { return now - entry.second.asked_at > kForgotten; });
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  const auto alarms = co_await cloudwatch_.describe_alarms(names);
  if (!alarms) co_return alarms.error().while_doing("reading the alarms");
  for (const std::string& name : names) {
    AlarmReading reading{.name = name, .state = {}, .since = {}};
    const auto found = std::ranges::find(*alarms, name, &aws::MetricAlarm::name);
    if (found != alarms->end()) {
      reading.state = found->state;
      reading.since = found->since;
    }
    entries_[name].reading = std::move(reading);
    entries_[name].read_at = now;  // before the call: never younger than it is
  }
  co_return base::Result<void>();
}

boost::asio::awaitable<base::Result<std::vector<AlarmReading>>> AlarmBook::read(
    std::vector<std::string> names) {
  const base::SteadyPoint since = clock_.steady_now();
  const auto ask = [&] {
    for (const std::string& name : names) entries_[name].asked_at = clock_.steady_now();
  };
  for (ask(); !is_fresh(names, since); ask()) {  // they may be forgotten while this one waits
    if (refreshing_) {
      co_await clock_.sleep_for(kLookAgain);
      continue;
    }
    const auto read = co_await refresh();
    if (!read) co_return read.error();
  }
  std::vector<AlarmReading> readings;
  for (const std::string& name : names) readings.push_back(entries_.at(name).reading);
  co_return readings;
}

}  // namespace consumers::recycle
