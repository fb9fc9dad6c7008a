// Notice: one thing to tell people of a run, in the words of the original where it had them. Pure.
#pragma once

#include "base/clock.h"
#include "consumers/recycle/consumer.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace consumers::recycle {

enum class NoticeKind { kStarted, kWaiting, kDone, kFailed, kCancelled };
// "started", "waiting", "succeeded", "failed", "cancelled".
std::string_view to_string(NoticeKind kind);

struct Notice {
  NoticeKind kind = NoticeKind::kStarted;
  base::TimePoint at;
  Progress progress;
};

// None for the turns of which nobody is told.
std::optional<Notice> notice_of(const Progress& progress, base::TimePoint at);

// One line: "Auto-recycling was successfully initiated", "Auto-recycling has failed".
std::string text_of(const Notice& notice);
// "good", "warning", "danger": Slack's names.
std::string_view color_of(const Notice& notice);
// What is shown beside the text, in order; nothing empty.
std::vector<std::pair<std::string, std::string>> fields_of(const Notice& notice,
                                                           const std::string& environment);
// The body of our events on SNS and EventBridge: a JSON object. docs/notifications.md lists it.
std::string event_json(const Notice& notice, const std::string& environment);
// "Autorecycle Recycle Failed".
std::string detail_type_of(const Notice& notice);
// The same for every notice of one group, so that a later success resolves the page of a failure:
// "autorecycle/eu-west-2/payments-asg-1", at most 255 characters.
std::string dedup_key_of(const Notice& notice, const std::string& region);

}  // namespace consumers::recycle
