#include "consumers/oncall/replay_dlq.h"

#include "base/log.h"

namespace consumers::oncall {

boost::asio::awaitable<Answer> ReplayDlqJob::run(Request request) {
  base::log_info("oncall", "replaying dead letters",
                 {{"request_id", request.request_id},
                  {"requested_by", request.requested_by},
                  {"dry_run", request.dry_run}});
  const auto outcome = co_await replay_.replay(request.params, request.dry_run);
  if (!outcome) {
    co_return Answer{outcome.error().is_transient() ? 503 : 400, outcome.error().to_string()};
  }
  if (outcome->transient) co_return Answer{503, outcome->summary};
  if (outcome->canary_came_back) co_return Answer{409, outcome->summary};
  co_return Answer{outcome->complete ? 200 : 422, outcome->summary};
}

}  // namespace consumers::oncall
