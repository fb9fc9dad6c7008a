#include "tests/soak/ledger.h"

#include "messages/decode.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace soak {

namespace {

constexpr std::string_view kMark = "soak-";

// Made once by the project's own encoder; the serial takes the place of the mark's number.
const std::string& request_template() {
  static const std::string text = [] {
    messages::RecycleRequest request;
    request.group = base::GroupName("soak-0");
    return messages::encode_recycle_request(request, "one", {}, "soak");
  }();
  return text;
}

constexpr const char* kIgnoredEvent =
    R"({{"version":"0","id":"soak-{}","detail-type":"Nothing of Ours","source":"soak.test",)"
    R"("account":"123456789012","time":"2026-01-02T03:04:05Z","region":"eu-west-2",)"
    R"("resources":[],"detail":{{}}}})";

}  // namespace

std::string_view name_of(Plan plan) {
  constexpr std::string_view kNames[] = {"quick",  "short",   "long",       "fails",
                                         "throws", "defers",  "deaf",       "forwards",
                                         "poison", "garbage", "unroutable", "ignored"};
  return kNames[static_cast<std::size_t>(plan)];
}

Serial Ledger::add(Plan plan, base::Duration work, int times) {
  Message message;
  message.plan = plan;
  message.work = work;
  message.times = static_cast<std::uint8_t>(times);
  messages_.push_back(message);
  const auto serial = static_cast<Serial>(messages_.size() - 1);
  if (plan == Plan::kForwards) messages_[serial].forward = add(Plan::kQuick);
  return serial;
}

Serial Ledger::add(const Mix& mix, base::Random& random) {
  const std::pair<double, Plan> shares[] = {
      {mix.brief, Plan::kShort},       {mix.lengthy, Plan::kLong},
      {mix.fails, Plan::kFails},       {mix.throws, Plan::kThrows},
      {mix.defers, Plan::kDefers},     {mix.deaf, Plan::kDeaf},
      {mix.forwards, Plan::kForwards}, {mix.poison, Plan::kPoison},
      {mix.garbage, Plan::kGarbage},   {mix.unroutable, Plan::kUnroutable},
      {mix.ignored, Plan::kIgnored}};
  Plan plan = Plan::kQuick;
  double roll = random.uniform();
  for (const auto& [share, candidate] : shares) {
    if (roll < share) {
      plan = candidate;
      break;
    }
    roll -= share;
  }
  base::Duration work(0);
  if (plan == Plan::kShort) work = base::Duration(random.below(2'000));
  if (plan == Plan::kLong) work = base::Duration(30'000 + random.below(270'000));
  if (plan == Plan::kDeaf) work = base::Duration(random.below(60'000));
  if (plan == Plan::kDefers) work = base::Duration(5'000 + random.below(60'000));
  const bool repeats = plan == Plan::kFails || plan == Plan::kThrows || plan == Plan::kDefers;
  return add(plan, work, repeats ? 1 + static_cast<int>(random.below(2)) : 0);
}

std::string Ledger::body_of(Serial serial) const {
  const Message& message = at(serial);
  if (message.plan == Plan::kIgnored) return fmt::format(kIgnoredEvent, serial);
  if (message.plan == Plan::kGarbage) return fmt::format("{{\"soak-{}\":", serial);
  std::string body = request_template();
  const std::string first = std::string(kMark) + "0";
  for (auto found = body.find(first); found != std::string::npos;
       found = body.find(first, found + 1)) {
    body.replace(found, first.size(), fmt::format("{}{}", kMark, serial));
  }
  return body;
}

std::optional<Serial> Ledger::serial_of(std::string_view body) {
  const auto mark = body.find(kMark);
  if (mark == std::string_view::npos) return std::nullopt;
  const char* begin = body.data() + mark + kMark.size();
  Serial serial = 0;
  const auto read = std::from_chars(begin, body.data() + body.size(), serial);
  if (read.ec != std::errc()) return std::nullopt;
  return serial;
}

}  // namespace soak
