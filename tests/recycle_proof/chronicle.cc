#include "tests/recycle_proof/chronicle.h"

#include "consumers/recycle/claim.h"
#include "tests/recycle_proof/office.h"
#include "tests/recycle_proof/oracle.h"
#include "tests/recycle_proof/others.h"
#include "tests/recycle_proof/telling.h"

#include <date/tz.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace proof {

namespace recycle = consumers::recycle;

namespace {

using Strategy = recycle::Strategy;

constexpr const char* kLegend =
    "Generated from the simulated region by `autorecycle-timelines`; do not edit. `O` an old\n"
    "instance that serves, `+` a new one that serves, `.` one that is not serving yet, `x` one on\n"
    "its way out. Times are from the start of the recycle.\n";

struct Chapter {
  std::string title;
  std::string text;
  Scenario scenario;
};

// "12:05", or the local time of day where a window matters.
std::string time_of(const Stage& stage, const Scenario& scenario, base::TimePoint at) {
  if (!scenario.window.empty()) {
    const auto local = date::make_zoned(scenario.time_zone, at).get_local_time();
    return date::format("%H:%M:%S", date::floor<std::chrono::seconds>(local));
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at - stage.started).count();
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

std::string shape_of(Stage& stage, const sim::Group& group) {
  std::string bar;
  for (const auto& member : group.members) {
    const bool leaving = member.is_in("Terminat");
    const bool serves = stage.serves(group, member);
    bar += leaving ? 'x' : !serves ? '.' : stage.is_new_in(group, member) ? '+' : 'O';
  }
  return bar;
}

bool is_claim(const sim::ApiCall& call) {
  const auto tags = call.arguments.find("Tags");
  return tags != call.arguments.end() && !tags->empty() &&
         tags->at(0).at("Key").get<std::string>().starts_with(recycle::kClaimPrefix);
}

// The call as a reader wants it: what it is for, without names of groups and journals' contents.
std::string words_for(const sim::ApiCall& call) {
  const std::string& operation = call.operation;
  if (operation == "CreateOrUpdateTags") return is_claim(call) ? "claim" : "journal";
  if (operation == "DeleteTags") return "journal removed";
  if (operation == "TerminateInstanceInAutoScalingGroup") return "terminate one old, by name";
  if (operation == "UpdateAutoScalingGroup") {
    std::vector<std::string> set;
    for (const auto& [name, shown] : {std::pair{"MinSize", "min"}, std::pair{"MaxSize", "max"},
                                      std::pair{"DesiredCapacity", "desired"}}) {
      if (const std::string value = text_of(call.arguments, name); !value.empty()) {
        set.push_back(fmt::format("{}={}", shown, value));
      }
    }
    return "set " + fmt::format("{}", fmt::join(set, " "));
  }
  std::string text = operation;
  if (const auto list = call.arguments.find("ScalingProcesses"); list != call.arguments.end()) {
    for (const auto& process : *list) text += " " + process.get<std::string>();
  }
  return text;
}

class Chronicler {
 public:
  explicit Chronicler(const Scenario& scenario)
      : scenario_(scenario),
        timeline_(false),
        stage_(scenario),
        oracle_(stage_, scenario, timeline_),
        others_(stage_, oracle_),
        office_(stage_, config(), timeline_) {}

  std::string go() {
    oracle_.start(true);
    lowest_ = stage_.serving();
    look();
    stage_.exchange.after = [this](int, const std::string&, const sim::ApiCall* call,
                                   const base::Error* error) {
      if (call != nullptr && error == nullptr) note(words_for(*call));
      look();
      for (const Event& event : scenario_.events) {
        if (event.call != stage_.exchange.calls) continue;
        others_.act(event);
        note("(" + describe(event) + ")");
        look();
      }
    };
    stage_.engine().on_change([this] { look(); });
    stage_.region.elb().on_health_change([this](const std::string&) { look(); });
    messages::RecycleRequest request;
    request.group = base::GroupName(kGroup);
    office_.send(request);
    stage_.loop.run_until([this] { return office_.all_settled(); }, std::chrono::hours(40));
    stage_.loop.run_for(std::chrono::minutes(2));
    office_.close();
    flush();
    std::string text = "```text\n" + lines_ + "```\n\n";
    text += fmt::format("At no moment fewer than {} served. It ended: {}\n\n", lowest_,
                        office_.letters().front().outcome);
    return text;
  }

 private:
  recycle::Config config() const {
    recycle::Config config;
    config.poll_interval = scenario_.poll_interval;
    config.default_window.allowed = std::nullopt;
    return config;
  }

  void note(const std::string& call) {
    settle_time();
    if (!calls_.empty() && calls_.back().first == call) {
      ++calls_.back().second;
    } else {
      calls_.emplace_back(call, 1);
    }
  }

  void look() {
    const sim::Group* group = stage_.group();
    if (group == nullptr) return;
    lowest_ = std::min(lowest_, stage_.serving());
    const std::string shape = shape_of(stage_, *group);
    const std::string sizes =
        fmt::format("{:>3} {:>3} {:>3}", group->min, group->desired, group->max);
    if (shape == shape_ && sizes == sizes_) return;
    settle_time();
    shape_ = shape;
    sizes_ = sizes;
    changed_ = true;
  }

  // One line for everything that happens within a second.
  void settle_time() {
    const auto second = std::chrono::floor<std::chrono::seconds>(stage_.now());
    if (second != second_) flush();
    second_ = second;
  }

  void flush() {
    if (!changed_ && calls_.empty()) return;
    if (lines_.empty()) {
      lines_ = fmt::format("{:>8}  {:<18} min des max  calls\n", "", "instances");
    }
    std::vector<std::string> words;
    for (const auto& [call, times] : calls_) {
      words.push_back(times == 1 ? call : fmt::format("{} ({}x)", call, times));
    }
    std::string line = fmt::format("{:>8}  {:<18} {}  {}", time_of(stage_, scenario_, second_),
                                   shape_, sizes_, fmt::join(words, ", "));
    line.erase(line.find_last_not_of(' ') + 1);
    lines_ += line + "\n";
    changed_ = false;
    calls_.clear();
  }

  const Scenario& scenario_;
  Timeline timeline_;
  Stage stage_;
  Oracle oracle_;
  Others others_;
  Office office_;
  std::string lines_;
  std::string shape_;
  std::string sizes_;
  bool changed_ = false;
  int lowest_ = 0;
  base::TimePoint second_;
  std::vector<std::pair<std::string, int>> calls_;
};

Scenario group_of(Strategy strategy, int min, int desired, int max) {
  Scenario scenario;
  scenario.seed = 1;
  scenario.strategy = strategy;
  scenario.min = min;
  scenario.desired = desired;
  scenario.max = max;
  scenario.starts = base::parse_rfc3339("2026-07-14T18:00:00Z").value();
  return scenario;
}

Scenario with(Scenario scenario, Deed deed, int call, int amount) {
  Event event;
  event.deed = deed;
  event.call = call;
  event.amount = amount;
  scenario.events.push_back(event);
  return scenario;
}

std::string page(const std::string& title, const std::string& text,
                 const std::vector<Chapter>& chapters) {
  std::string all = "# " + title + "\n\n" + kLegend + "\n" + text + "\n";
  for (const Chapter& chapter : chapters) {
    all +=
        "## " + chapter.title + "\n\n" + chapter.text + "\n\n" + Chronicler(chapter.scenario).go();
  }
  all.pop_back();
  return all;
}

Page out_in_page() {
  const Scenario four = group_of(Strategy::kOutIn, 2, 4, 8);
  return {"out-in.md",
          page("out-in",
               "**Floor:** the size at the start. Costs twice the instances for a few minutes.\n",
               {{"Four instances",
                 "The double comes up and is proven; then the old ones go by name.", four},
                {"Max leaves no room",
                 "Max is raised for the roll, as far as that is allowed, and put back.",
                 group_of(Strategy::kOutIn, 3, 3, 3)},
                {"An alarm scales out meanwhile",
                 "What others add stays: the group ends one larger, as the alarm wanted.",
                 with(four, Deed::kAlarmOut, 24, 1)},
                {"The new instances never become healthy",
                 "Nothing old has gone yet, so the new ones go and the group is as it was.",
                 with(four, Deed::kNeverHealthy, 1, 60)}})};
}

Page out_in_timed_page() {
  Scenario timed = group_of(Strategy::kOutInTimed, 2, 3, 6);
  timed.window = "22:00:00-05:30:00";
  timed.time_zone = "Europe/London";
  return {"out-in-timed.md",
          page("out-in-timed",
               "**Floor:** as out-in. Starts, and lets the first old instance go, only inside the\n"
               "window. The times here are local ones.\n",
               {{"A request before the window opens",
                 "It waits in the queue, where it costs nothing; at 22:00:00 London time it runs.",
                 timed}})};
}

Page in_out_page() {
  return {"in-out.md",
          page("in-out",
               "**Floor:** one below the size at the start; nothing at all for a single instance.\n"
               "Never holds more instances (and network interfaces) than the size.\n",
               {{"Three instances",
                 "One is out, fully terminated; its replacement comes and is proven; the next.",
                 group_of(Strategy::kInOut, 1, 3, 6)},
                {"A single instance", "With its network interface free in between.",
                 group_of(Strategy::kInOut, 1, 1, 1)}})};
}

}  // namespace

std::vector<Page> chronicle() { return {out_in_page(), out_in_timed_page(), in_out_page()}; }

}  // namespace proof
