// EC2's own Instance Refresh, by somebody else or by another tool. The status is the end of the
// detail-type; the numbers in the detail are strings.
//
//   "detail-type":"EC2 Auto Scaling Instance Refresh Checkpoint Reached",
//   "detail":{"InstanceRefreshId":"ab00..","AutoScalingGroupName":"web",
//     "CheckpointPercentage":"50","CheckpointDelay":"300"}
#include "messages/decoders.h"

namespace messages {

base::Result<Payload> decode_instance_refresh(const Field& event) {
  constexpr std::string_view kPrefix = "EC2 Auto Scaling Instance Refresh ";
  const auto group = event["detail"]["AutoScalingGroupName"].group_name();
  if (!group) {
    return group.error();
  }
  const auto id = event["detail"]["InstanceRefreshId"].text();
  if (!id) {
    return id.error();
  }
  InstanceRefreshEvent refresh;
  refresh.group = *group;
  refresh.refresh_id = *id;
  refresh.status = event["detail-type"].text_if_any().substr(kPrefix.size());
  if (refresh.status.empty()) {
    return event["detail-type"].refuse("a status at the end");
  }
  return Payload(std::move(refresh));
}

}  // namespace messages
