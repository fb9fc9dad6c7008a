#include "tests/worker/rig.h"

#include "messages/decode.h"
#include "sim/sqs_service.h"
#include "worker/task_group.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace worker {
namespace {

constexpr const char* kKey = "AKIDRIG";
constexpr const char* kSecret = "rig-secret";

sim::WorldConfig world_config() {
  sim::WorldConfig config;
  config.keys = {{kKey, kSecret}};
  return config;
}

aws::EndpointConfig endpoints() {
  aws::EndpointConfig config;
  config.region = base::Region("eu-west-2");
  config.endpoint_url = "http://sqs.test";
  return config;
}

awaitable<consumers::Verdict> at_once(
    std::function<consumers::Verdict(const consumers::Delivery&)> script,
    consumers::Delivery delivery) {
  co_return script(delivery);
}

}  // namespace

Rig::Rig()
    : region(loop.executor(), loop.clock(), world_config()),
      http([this](base::HttpRequest request) { return region.handle(std::move(request)); },
           loop.clock()),
      credentials({kKey, base::Secret(kSecret), base::Secret(), std::nullopt, "rig"}),
      caller(http, credentials, loop.clock(), random, endpoints()),
      context{loop.executor(), loop.clock(), random, sqs, sqs, metrics, payloads},
      built_(loop.clock().steady_now()) {
  create_queue("events-dlq", "");
  create_queue("recycles-dlq.fifo", "");
  const QueueTarget events_dead{base::QueueUrl("http://sqs.test/123456789012/events-dlq"), false};
  const QueueTarget fifo_dead{base::QueueUrl("http://sqs.test/123456789012/recycles-dlq.fifo"),
                              true};
  events = {.role = "events",
            .name = "events",
            .target = {base::QueueUrl(create_queue("events", "events-dlq")), false},
            .dead_letters = events_dead};
  recycles = {.role = "recycles",
              .name = "recycles.fifo",
              .target = {base::QueueUrl(create_queue("recycles.fifo", "recycles-dlq.fifo")), true},
              .dead_letters = fifo_dead};
  http.before = [this](int, const base::HttpRequest& request) {
    const auto target = base::find_header(request.headers, "x-amz-target").value_or("");
    // S3's operations are known by their methods.
    const std::string_view operation =
        target.empty() ? std::string_view(request.method) : target.substr(target.find('.') + 1);
    seen.push_back({std::string(operation), elapsed(), request.body});
  };
}

Rig::~Rig() {
  if (runtime && !ended_) drain();
}

std::string Rig::create_queue(const std::string& name, const std::string& dead_letters) {
  nlohmann::json attributes = nlohmann::json::object();
  if (name.ends_with(".fifo")) attributes["FifoQueue"] = "true";
  if (!dead_letters.empty()) {
    const nlohmann::json policy = {
        {"deadLetterTargetArn", "arn:aws:sqs:eu-west-2:123456789012:" + dead_letters},
        {"maxReceiveCount", kReceivesMax}};
    attributes["RedrivePolicy"] = policy.dump();
  }
  aws::ApiRequest request;
  request.service = "sqs";
  request.operation = "CreateQueue";
  request.content_type = "application/x-amz-json-1.0";
  request.headers = {{"x-amz-target", "AmazonSQS.CreateQueue"}};
  request.body = nlohmann::json{{"QueueName", name}, {"Attributes", attributes}}.dump();
  const auto created = loop.run(caller.call(std::move(request)));
  if (!created) throw std::logic_error(created.error().to_string());
  return nlohmann::json::parse(created->body)["QueueUrl"].get<std::string>();
}

void Rig::on_events(std::function<consumers::Verdict(const consumers::Delivery&)> script) {
  consume("scripted", "events", [script = std::move(script)](consumers::Delivery delivery) {
    return at_once(script, std::move(delivery));
  });
}

void Rig::consume(std::string name, std::string queue, ScriptedConsumer::Script script) {
  consumers_.push_back(
      std::make_unique<ScriptedConsumer>(std::move(name), std::move(queue), std::move(script)));
}

void Rig::start() {
  std::vector<consumers::Consumer*> list;
  for (const auto& consumer : consumers_) list.push_back(consumer.get());
  runtime = std::make_unique<Runtime>(context, std::vector{events, recycles}, std::move(list),
                                      in_flight_total);
  boost::asio::co_spawn(loop.executor(), runtime->run(), [this](std::exception_ptr error) {
    EXPECT_FALSE(error) << describe_exception(error);
    ended_ = true;
  });
}

bool Rig::run(base::Duration limit, const std::function<bool()>& done) {
  return loop.run_until(done, limit);
}

base::Duration Rig::drain() {
  loop.run_for(1ms);  // what was begun at this very moment gets to its first wait
  const auto begin = elapsed();
  runtime->drain();
  EXPECT_TRUE(loop.run_until([this] { return ended_; }, 10min)) << "the drain never ended";
  return elapsed() - begin;
}

void Rig::send(const std::string& queue, const std::string& body, const std::string& group,
               aws::MessageAttributes attributes) {
  aws::SendOptions options;
  options.queue = base::QueueUrl("http://sqs.test/123456789012/" + queue);
  options.body = body;
  options.group_id = group;
  if (!group.empty()) options.deduplication_id = random.hex(16);
  options.attributes = std::move(attributes);
  const auto sent = loop.run(sqs.send_message(std::move(options)));
  ASSERT_TRUE(sent) << sent.error().to_string();
}

std::vector<aws::SqsMessage> Rig::take(const std::string& queue) {
  std::vector<aws::SqsMessage> all;
  for (;;) {
    aws::ReceiveOptions options;
    options.wait = 0s;
    const base::QueueUrl url("http://sqs.test/123456789012/" + queue);
    auto some = loop.run(sqs.receive_message(url, options));
    if (!some || some->empty()) return all;
    all.insert(all.end(), some->begin(), some->end());
  }
}

std::size_t Rig::depth(const std::string& queue) {
  const auto counts = region.sqs().find_queue(queue)->counts();
  return counts.visible + counts.in_flight + counts.delayed;
}

std::size_t Rig::in_flight(const std::string& queue) {
  return region.sqs().find_queue(queue)->counts().in_flight;
}

std::vector<Request> Rig::requests(const std::string& operation) const {
  std::vector<Request> found;
  for (const Request& request : seen) {
    if (request.operation == operation) found.push_back(request);
  }
  return found;
}

base::Duration Rig::elapsed() {
  return std::chrono::duration_cast<base::Duration>(loop.clock().steady_now() - built_);
}

bool Rig::metrics_have(const std::string& line) const {
  return metrics.text().find(line + "\n") != std::string::npos;
}

std::string request_for(const std::string& group) {
  messages::RecycleRequest request;
  request.group = base::GroupName(group);
  return messages::encode_recycle_request(request, "id-" + group, {}, "rig");
}

const std::string& group_of(const consumers::Delivery& delivery) {
  return std::get<messages::RecycleRequest>(delivery.message.payload).group.value;
}

awaitable<consumers::Verdict> after(base::Clock& clock, base::Duration delay,
                                    consumers::Verdict verdict) {
  co_await clock.sleep_for(delay);
  co_return verdict;
}

}  // namespace worker
