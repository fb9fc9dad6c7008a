// Message: what the bytes of an SQS message mean, whoever sent it. Pure values, no I/O.
#pragma once

#include "base/clock.h"
#include "base/names.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace messages {

// "These groups may have drifted": from an AWS event. Only a hint: the reader looks at each group.
// One call can tag several groups, hence the list; never empty, no group twice.
struct GroupChanged {
  std::vector<base::GroupName> groups;
};

// "This launch template got a new version, or another default": the groups are looked up from it.
struct LaunchTemplateChanged {
  std::string template_id;  // "lt-0abc"; one of the two may be empty
  std::string template_name;
  std::string version;  // the new version or the new default, as text; may be empty
};

// Our own request (proto/recycle_request.proto), checked.
struct RecycleRequest {
  base::GroupName group;
  std::string strategy;  // empty: the group's tag decides
  bool force = false;
  bool dry_run = false;
  base::TimePoint requested_at;  // else when it was sent; the epoch if the sender said neither
  std::string reason;
  std::string source_event_id;
  std::string resume_run;   // non-empty: only to carry on the run with this id
  std::string rollback_to;  // "7": to this version of the launch template, not the group's
};

// Our own request (proto/oncall_job_request.proto), checked.
struct OncallJobRequest {
  std::string job;
  std::string params = "{}";  // a JSON object as text, without dry_run
  std::string requested_by;   // empty: whoever sent the envelope
  std::string reply_to;
  bool dry_run = false;
  base::Duration timeout{0};  // 0: the job's own
};

// An instance was launched or terminated, or could not be.
struct InstanceEvent {
  enum class Action { kLaunch, kTerminate };
  Action action = Action::kLaunch;
  bool successful = true;
  base::GroupName group;
  base::InstanceId instance;
  std::string status_message;  // why it failed, in AWS's words
  bool warm_pool = false;      // it came from or went to the warm pool
};

// An instance waits in a lifecycle hook (from EventBridge, or sent by the hook straight to SQS).
struct LifecycleAction {
  enum class Transition { kLaunching, kTerminating };
  Transition transition = Transition::kLaunching;
  base::GroupName group;
  base::InstanceId instance;
  std::string hook_name;
  std::string action_token;
  bool warm_pool = false;  // it came from or goes to the warm pool, so it will not serve or be gone
};

// EC2's own Instance Refresh started, ended or passed a checkpoint.
struct InstanceRefreshEvent {
  base::GroupName group;
  std::string refresh_id;
  std::string status;  // the end of the detail-type: "Started", "Succeeded", "Checkpoint Reached"
};

// Well formed but nothing to do, with the reason for the log: an event of another kind, a failed
// API call, a change of our own journal tags, a test notification.
struct Ignored {
  std::string reason;
};

using Payload = std::variant<GroupChanged, LaunchTemplateChanged, RecycleRequest, OncallJobRequest,
                             InstanceEvent, LifecycleAction, InstanceRefreshEvent, Ignored>;

struct Message {
  // One of kind::kAll (messages/kinds.h): text that lasts, from a bounded set, used as a metrics
  // label.
  std::string_view kind;
  std::string id;        // the event's or the envelope's own id; empty if it has none
  base::TimePoint time;  // when it happened; the epoch if the message does not say
  std::string actor;     // IAM ARN behind the API call, if known
  Payload payload;
};

}  // namespace messages
