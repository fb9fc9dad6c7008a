// debug-queue: how full an SQS queue is, where its dead letters go and why they are there.
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/params.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace consumers::oncall {

namespace {

constexpr const char* kDoing = "looking at queue";
constexpr std::size_t kSourcesShown = 50;

constexpr const char* kOutput =
    R"json({
  "type": "object",
  "properties": {
    "queue": {"type": "string", "description": "Its name"},
    "visible": {"type": "integer", "description": "Messages that wait, about"},
    "in_flight": {"type": "integer", "description": "Messages that somebody works on, about"},
    "delayed": {"type": "integer", "description": "Messages that are not visible yet, about"},
    "visibility_timeout": {"type": "integer", "description": "Seconds"},
    "retention": {"type": "integer", "description": "Seconds that a message is kept"},
    "receives_max": {"type": ["integer", "null"], "description": "Receives until a message )json"
    R"json(is given up; null without a redrive policy"},
    "dead_letters": {"type": ["object", "null"], "description": "Its dead-letter queue: )json"
    R"json(queue, visible, in_flight, sampled, kinds, reasons, oldest and oldest_age (seconds)"},
    "sources": {"type": "array", "description": "If it is a dead-letter queue itself: whose"}
  }
})json";

Entry make_entry(const BuiltInConfig& config) {
  Entry entry;
  entry.name = "debug-queue";
  entry.purpose = "Shows the depth of an SQS queue, and age and reasons of its dead letters";
  entry.params_schema = R"json({
    "type": "object",
    "required": ["queue"],
    "additionalProperties": false,
    "properties": {
      "queue": {"type": "string", "minLength": 1, "maxLength": 300,
                "description": "Name, URL or ARN of the queue"},
      "sample": {"type": "integer", "minimum": 0, "maximum": 1000, "default": 50,
                 "description": "So many dead letters are looked at: hidden for a moment, )json"
                        R"json(and received once more; 0: none"}
    }
  })json";
  entry.output_schema = kOutput;
  entry.example = R"({"queue":"orders"})";
  entry.owner = config.owner;
  entry.timeout = std::chrono::minutes(3);
  entry.permissions = {"sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
                       "sqs:ListDeadLetterSourceQueues", "sqs:ReceiveMessage"};
  entry.safe_to_retry = true;
  return entry;
}

using Attributes = std::map<std::string, std::string>;

class DebugQueueJob final : public Job {
 public:
  DebugQueueJob(const Clients& clients, const BuiltInConfig& config)
      : sqs_(clients.sqs),
        letters_(clients.letters),
        clock_(clients.clock),
        entry_(make_entry(config)) {}

  const Entry& entry() const override { return entry_; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  boost::asio::awaitable<base::Result<base::QueueUrl>> find(std::string queue);
  boost::asio::awaitable<base::Result<Json>> look_at_letters(std::string arn, std::size_t sample);

  aws::Sqs& sqs_;
  LetterSample& letters_;
  base::Clock& clock_;
  Entry entry_;
};

std::int64_t number_in(const Attributes& attributes, const char* name) {
  const auto found = attributes.find(name);
  std::int64_t number = 0;
  if (found != attributes.end()) {
    const std::string& text = found->second;
    std::from_chars(text.data(), text.data() + text.size(), number);
  }
  return number;
}

std::string name_of(const std::string& url_or_arn) {
  return url_or_arn.substr(url_or_arn.find_last_of("/:") + 1);
}

boost::asio::awaitable<base::Result<base::QueueUrl>> DebugQueueJob::find(std::string queue) {
  if (queue.find("://") != std::string::npos) co_return base::QueueUrl(queue);
  const aws::SqsArn arn = aws::parse_sqs_arn(queue);
  if (!arn.name.empty()) co_return co_await sqs_.get_queue_url(arn.name, arn.account);
  co_return co_await sqs_.get_queue_url(std::move(queue));
}

boost::asio::awaitable<base::Result<Json>> DebugQueueJob::look_at_letters(std::string arn,
                                                                          std::size_t sample) {
  const auto url = co_await find(arn);
  if (!url) co_return url.error();
  const auto attributes = co_await sqs_.get_queue_attributes(*url);
  if (!attributes) co_return attributes.error();
  Json shown = {{"queue", name_of(arn)},
                {"visible", number_in(*attributes, "ApproximateNumberOfMessages")},
                {"in_flight", number_in(*attributes, "ApproximateNumberOfMessagesNotVisible")}};
  if (sample > 0) {
    const auto reasons = co_await letters_.look(arn, sample);
    if (!reasons) co_return reasons.error();
    shown["sampled"] = reasons->sampled;
    shown["kinds"] = reasons->by_kind;
    shown["reasons"] = reasons->by_reason;
    shown["oldest"] = time_or_null(reasons->oldest);
    if (reasons->oldest) {
      const auto age = clock_.now() - *reasons->oldest;
      shown["oldest_age"] = std::chrono::duration_cast<std::chrono::seconds>(age).count();
    }
  }
  co_return base::Result<Json>(boost::system::in_place_value, std::move(shown));
}

boost::asio::awaitable<Answer> DebugQueueJob::run(Request request, JobLog& log) {
  const Params params(request.params);
  const std::string queue = params.text("queue");
  const auto sample = static_cast<std::size_t>(params.number("sample", 50));
  const auto url = co_await find(queue);
  if (!url) co_return answer_failed(url.error(), kDoing);
  const auto attributes = co_await sqs_.get_queue_attributes(*url);
  if (!attributes) co_return answer_failed(attributes.error(), kDoing);
  Json body = {{"queue", name_of(url->value)},
               {"visible", number_in(*attributes, "ApproximateNumberOfMessages")},
               {"in_flight", number_in(*attributes, "ApproximateNumberOfMessagesNotVisible")},
               {"delayed", number_in(*attributes, "ApproximateNumberOfMessagesDelayed")},
               {"visibility_timeout", number_in(*attributes, "VisibilityTimeout")},
               {"retention", number_in(*attributes, "MessageRetentionPeriod")},
               {"receives_max", nullptr},
               {"dead_letters", nullptr},
               {"sources", Json::array()}};
  const auto sources = co_await sqs_.list_dead_letter_source_queues(*url);
  if (!sources) co_return answer_failed(sources.error(), kDoing);
  for (const base::QueueUrl& source : *sources) {
    if (body["sources"].size() < kSourcesShown) body["sources"].push_back(name_of(source.value));
  }
  // A dead-letter queue's own letters are what is asked for; else those of its redrive policy.
  std::string letters;
  const auto policy = attributes->find("RedrivePolicy");
  if (policy != attributes->end()) {
    const Params redrive(policy->second);
    letters = redrive.text("deadLetterTargetArn");
    const std::string count = redrive.text("maxReceiveCount");
    body["receives_max"] = count.empty() ? Json(redrive.number("maxReceiveCount"))
                                         : Json(number_in({{"n", count}}, "n"));
  }
  if (!sources->empty()) letters = url->value;
  if (!letters.empty()) {
    auto shown = co_await look_at_letters(letters, sample);
    if (!shown) co_return answer_failed(shown.error(), kDoing);
    body["dead_letters"] = std::move(*shown);
  }
  log.line(fmt::format("{}: {} visible, {} in flight", name_of(url->value),
                       body["visible"].get<std::int64_t>(), body["in_flight"].get<std::int64_t>()));
  co_return done(body);
}

}  // namespace

std::unique_ptr<Job> make_debug_queue(const Clients& clients, const BuiltInConfig& config) {
  return std::make_unique<DebugQueueJob>(clients, config);
}

}  // namespace consumers::oncall
