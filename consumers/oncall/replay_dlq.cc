#include "consumers/oncall/replay_dlq.h"

namespace consumers::oncall {
namespace {

// The names are those of worker/dlq_options.cc, which checks the values.
constexpr const char* kParams = R"json({
  "type": "object",
  "required": ["queue"],
  "additionalProperties": false,
  "definitions": {
    "duration": {"type": "string", "pattern": "^([0-9]+(ms|s|m|h|d)?)+$"},
    "texts": {"type": ["string", "array"], "items": {"type": "string"}, "maxItems": 100},
    "count": {"type": "integer", "minimum": 0}
  },
  "properties": {
    "queue": {"type": "string", "minLength": 1,
              "description": "The dead-letter queue: name, URL or ARN"},
    "id": {"$ref": "#/definitions/texts", "description": "Message id; several: any of them"},
    "kind": {"$ref": "#/definitions/texts",
             "description": "Error kind: decode, invalid, ...; receive-count for SQS's own"},
    "reason": {"type": "string", "description": "Reason (RE2)"},
    "source": {"$ref": "#/definitions/texts", "description": "The queue it came from"},
    "group": {"$ref": "#/definitions/texts", "description": "MessageGroupId"},
    "attribute": {"$ref": "#/definitions/texts",
                  "description": "Message attribute: NAME, NAME=VALUE or NAME~REGEX; all hold"},
    "where": {"$ref": "#/definitions/texts",
              "description": "Of a JSON body: 'a.b', 'a.b[0] = 7', != < <= > >=, ~ REGEX"},
    "body": {"type": "string", "description": "Body (RE2)"},
    "older-than": {"$ref": "#/definitions/duration",
                   "description": "First seen at least so long ago: 30s, 5m, 2h, 3d"},
    "newer-than": {"$ref": "#/definitions/duration",
                   "description": "First seen at most so long ago"},
    "receives-min": {"$ref": "#/definitions/count", "description": "Received at least so often"},
    "receives-max": {"$ref": "#/definitions/count", "description": "Received at most so often"},
    "to": {"type": "string", "description": "Where to, instead of each letter's own source"},
    "rate": {"type": "number", "exclusiveMinimum": 0, "description": "At most so many a second"},
    "ramp": {"$ref": "#/definitions/duration",
             "description": "From a tenth of the rate to all of it within this time"},
    "max": {"$ref": "#/definitions/count", "description": "At most so many"},
    "canary": {"$ref": "#/definitions/count",
               "description": "So many first; the rest only if they do not come back"},
    "canary-wait": {"$ref": "#/definitions/duration",
                    "description": "How long the canary is waited for (2m without it)"},
    "edit": {"$ref": "#/definitions/texts",
             "description": "Of a JSON body: 'path = value' or 'delete path'; all of them"},
    "own-replay": {"type": "boolean", "description": "Never SQS's own move task"},
    "visibility": {"$ref": "#/definitions/duration",
                   "description": "How long letters stay hidden if this dies (2m without it)"}
  }
})json";

constexpr const char* kOutput = R"json({
  "type": "object",
  "description": "The summary of `autorecycle dlq replay --output json`",
  "properties": {
    "ended": {"type": "string", "description": "done, limit reached, ..."},
    "matched": {"type": "integer", "description": "Letters that were meant"},
    "sent": {"type": "integer", "description": "Letters that were sent back"},
    "kept": {"type": "integer", "description": "Letters that were not meant"},
    "problems": {"type": "array", "description": "The first few, for people"}
  }
})json";

Entry make_entry() {
  Entry entry;
  entry.name = "oncall-replay-dlq";
  entry.purpose = "Sends the letters of a dead-letter queue back to where they came from";
  entry.params_schema = kParams;
  entry.output_schema = kOutput;
  entry.example = R"({"queue":"orders-dlq","kind":"receive-count","canary":10,"rate":50})";
  entry.owner = "autorecycle";
  entry.timeout = std::chrono::hours(2);
  entry.permissions = {
      "sqs:GetQueueUrl",          "sqs:GetQueueAttributes",      "sqs:ListDeadLetterSourceQueues",
      "sqs:ReceiveMessage",       "sqs:ChangeMessageVisibility", "sqs:SendMessage",
      "sqs:DeleteMessage",        "sqs:StartMessageMoveTask",    "sqs:ListMessageMoveTasks",
      "sqs:CancelMessageMoveTask"};
  entry.changes = true;
  // What was sent has left the queue, so another run goes on where the first one ended.
  entry.safe_to_retry = true;
  entry.clash = "sqs/{queue}";
  return entry;
}

}  // namespace

const Entry& replay_dlq_entry() {
  static const Entry kEntry = make_entry();
  return kEntry;
}

const Entry& ReplayDlqJob::entry() const { return replay_dlq_entry(); }

boost::asio::awaitable<Answer> ReplayDlqJob::run(Request request, JobLog& log) {
  const auto outcome = co_await replay_.replay(request.params, request.request_id, request.dry_run);
  if (!outcome) co_return answer_failed(outcome.error(), "replaying dead letters");
  if (outcome->canary_came_back) {
    log.line("the canary came back: nothing but the canary was sent");
    co_return Answer{409, outcome->summary};
  }
  co_return Answer{outcome->complete && !outcome->transient ? 200 : 500, outcome->summary};
}

}  // namespace consumers::oncall
