#include "consumers/recycle/notify/notice.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>

namespace consumers::recycle {
namespace {

constexpr int kEventVersion = 1;
constexpr std::size_t kDedupKeyMax = 255;  // PagerDuty's

struct Words {
  std::string_view name;
  std::string_view detail_type;
  std::string_view text;
  std::string_view color;
};

// In the order of NoticeKind. The texts of started and succeeded are the original's.
constexpr std::array<Words, 5> kWords{{
    {"started", "Autorecycle Recycle Started", "Auto-recycling was successfully initiated", "good"},
    {"waiting", "Autorecycle Recycle Waiting", "Auto-recycling is waiting for its window", "good"},
    {"succeeded", "Autorecycle Recycle Succeeded", "Autorecycling has successfully completed",
     "good"},
    {"failed", "Autorecycle Recycle Failed", "Auto-recycling has failed", "danger"},
    {"cancelled", "Autorecycle Recycle Cancelled", "Auto-recycling was cancelled", "warning"},
}};

const Words& words_of(const Notice& notice) {
  return kWords.at(static_cast<std::size_t>(notice.kind));
}

}  // namespace

std::string_view to_string(NoticeKind kind) {
  return kWords.at(static_cast<std::size_t>(kind)).name;
}

std::optional<Notice> notice_of(const Progress& progress, base::TimePoint at) {
  switch (progress.moment) {
    case Moment::kStep:
      return std::nullopt;
    case Moment::kStarted:
      return Notice{NoticeKind::kStarted, at, progress};
    case Moment::kWaiting:
      return Notice{NoticeKind::kWaiting, at, progress};
    case Moment::kDone:
      return Notice{NoticeKind::kDone, at, progress};
    case Moment::kFailed:
      return Notice{NoticeKind::kFailed, at, progress};
    case Moment::kCancelled:
      return Notice{NoticeKind::kCancelled, at, progress};
  }
  return std::nullopt;
}

std::string text_of(const Notice& notice) {
  std::string text(words_of(notice).text);
  if (notice.kind == NoticeKind::kFailed && notice.progress.needs_person) {
    text += " half way :scream: please investigate.";
  }
  return text;
}

std::string_view color_of(const Notice& notice) { return words_of(notice).color; }

std::vector<std::pair<std::string, std::string>> fields_of(const Notice& notice,
                                                           const std::string& environment) {
  const Progress& run = notice.progress;
  std::vector<std::pair<std::string, std::string>> fields;
  const auto add = [&](std::string title, std::string value) {
    if (!value.empty()) fields.emplace_back(std::move(title), std::move(value));
  };
  add("Component Name", run.component);
  add("Environment", environment);
  add("Auto Scaling Group", run.group);
  add("Strategy", run.strategy);
  add("Target", run.target);
  add("Team", run.team);
  if (notice.kind == NoticeKind::kFailed || notice.kind == NoticeKind::kCancelled) {
    add("Reason", run.step);
    add("Instances", fmt::format("{} in service, {} new and ready, {} old", run.in_service,
                                 run.new_ready, run.old_instances));
  }
  if (run.until) add("Opens", base::format_rfc3339(*run.until));
  add("Run", run.run_id);
  return fields;
}

std::string event_json(const Notice& notice, const std::string& environment) {
  const Progress& run = notice.progress;
  nlohmann::ordered_json json = {{"version", kEventVersion},
                                 {"kind", to_string(notice.kind)},
                                 {"time", base::format_rfc3339(notice.at)},
                                 {"autoScalingGroupName", run.group},
                                 {"component", run.component},
                                 {"strategy", run.strategy},
                                 {"run", run.run_id},
                                 {"target", run.target},
                                 {"phase", run.phase},
                                 {"text", text_of(notice)},
                                 {"reason", run.step},
                                 {"oldInstances", run.old_instances},
                                 {"newReady", run.new_ready},
                                 {"inService", run.in_service},
                                 {"needsPerson", run.needs_person}};
  if (!environment.empty()) json["environment"] = environment;
  if (!run.team.empty()) json["team"] = run.team;
  if (run.until) json["until"] = base::format_rfc3339(*run.until);
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string detail_type_of(const Notice& notice) {
  return std::string(words_of(notice).detail_type);
}

std::string dedup_key_of(const Notice& notice, const std::string& region) {
  return fmt::format("autorecycle/{}/{}", region, notice.progress.group).substr(0, kDedupKeyMax);
}

}  // namespace consumers::recycle
