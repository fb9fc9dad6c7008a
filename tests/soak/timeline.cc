#include "tests/soak/timeline.h"

#include <fmt/format.h>

namespace soak {

namespace {

// Kept a message, the last ones: copies of a long one may go round for an hour.
constexpr std::size_t kEventsMax = 400;
constexpr std::size_t kEventsShown = 120;

std::string sentence(const Event& event) {
  const auto worker = fmt::format("worker {}", event.worker);
  const auto seconds = fmt::format("{:.3f} s", static_cast<double>(event.detail) / 1000);
  switch (event.what) {
    case What::kStored:
      return "SQS     stored";
    case What::kHandedOut:
      return "SQS     hands out, hidden for " + seconds;
    case What::kReceived:
      return worker + " receives";
    case What::kBegun:
      return worker + " begins";
    case What::kDone:
      return worker + " verdict Done";
    case What::kRetry:
      return worker + " verdict Retry";
    case What::kDefer:
      return worker + " verdict Defer";
    case What::kPoison:
      return worker + " verdict Poison";
    case What::kThrew:
      return worker + " consumer threw";
    case What::kCancelled:
      return worker + " consumer cancelled";
    case What::kHides:
      return worker + " asks for visibility " + seconds;
    case What::kHidden:
      return "SQS     hides for " + seconds;
    case What::kHid:
      return worker + " is told that it is hidden";
    case What::kNotHid:
      return "SQS     does not say that it is hidden";
    case What::kRefused:
      return worker + " is told that its handle is not valid";
    case What::kVisible:
      return "SQS     makes it visible";
    case What::kDeletes:
      return worker + " asks for the delete";
    case What::kFailed:
      return "SQS     answers that it could not delete";
    case What::kDeleted:
      return "SQS     deletes";
    case What::kNotDeleted:
      return "SQS     says that it deleted, but did not";
    case What::kBuried:
      return "SQS     moves to the dead-letter queue: received too often";
    case What::kDeadLetter:
      return "SQS     stored in the dead-letter queue";
    case What::kKilled:
      return worker + " killed";
  }
  return {};
}

}  // namespace

void Timeline::add(Serial serial, Event event) {
  const auto mix = [this](std::uint64_t value) {
    for (int i = 0; i < 8; ++i) hash_ = (hash_ ^ (value >> (8 * i) & 0xff)) * 1099511628211U;
  };
  mix(static_cast<std::uint64_t>(event.at.count()));
  mix(static_cast<std::uint64_t>(event.what) << 32U | serial);
  mix(static_cast<std::uint64_t>(event.worker) << 32U ^ static_cast<std::uint64_t>(event.receive));
  mix(static_cast<std::uint64_t>(event.detail));
  ++count_;
  auto& events = events_[serial];
  if (events.size() == kEventsMax) events.erase(events.begin(), events.begin() + kEventsMax / 2);
  events.push_back(event);
}

std::string Timeline::text_of(Serial serial) const {
  const auto found = events_.find(serial);
  if (found == events_.end()) return "  (nothing is kept of it)\n";
  const auto& events = found->second;
  const std::size_t first = events.size() > kEventsShown ? events.size() - kEventsShown : 0;
  std::string out = first > 0 ? "  (earlier events are left out)\n" : "";
  for (std::size_t i = first; i < events.size(); ++i) {
    const Event& event = events[i];
    out += fmt::format("  {:>12.3f} s  {}", static_cast<double>(event.at.count()) / 1000,
                       sentence(event));
    if (event.copy > 0) out += fmt::format("  (message {})", event.copy);
    if (event.receive > 0) out += fmt::format("  (receive {})", event.receive);
    out += '\n';
  }
  return out;
}

}  // namespace soak
