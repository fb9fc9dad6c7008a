#include "bench/memory/held.h"

#include "bench/floor/stamp.h"
#include "bench/memory/virtual_worker.h"
#include "sim/region.h"
#include "sim/sqs_service.h"

#include <stdexcept>
#include <string>

namespace bench {
namespace {

constexpr base::Duration kHeld = std::chrono::minutes(10);

void call(sim::VirtualLoop& loop, aws::Caller& caller, const std::string& operation,
          nlohmann::json body) {
  aws::ApiRequest request;
  request.service = "sqs";
  request.operation = operation;
  request.content_type = "application/x-amz-json-1.0";
  request.headers = {{"x-amz-target", "AmazonSQS." + operation}};
  request.body = body.dump();
  const auto answer = loop.run(caller.call(std::move(request)));
  if (!answer) throw std::runtime_error(answer.error().to_string());
}

void fill(sim::VirtualLoop& loop, aws::Caller& caller, const std::string& url,
          std::size_t messages) {
  for (std::size_t sent = 0; sent < messages; sent += 10) {
    auto entries = nlohmann::json::array();
    for (std::size_t i = sent; i < std::min(sent + 10, messages); ++i) {
      entries.push_back({{"Id", std::to_string(i - sent)}, {"MessageBody", make_body(i)}});
    }
    call(loop, caller, "SendMessageBatch", {{"QueueUrl", url}, {"Entries", entries}});
  }
}

}  // namespace

void measure_held(std::size_t messages, nlohmann::ordered_json& json) {
  sim::VirtualLoop loop;
  sim::Region region(loop.executor(), loop.clock(), {});
  VirtualWorker worker(
      loop, [&region](base::HttpRequest request) { return region.handle(std::move(request)); },
      "bench", messages);
  call(loop, worker.caller(), "CreateQueue", {{"QueueName", "bench"}});
  fill(loop, worker.caller(), "http://sqs.test/123456789012/bench", messages);

  std::uint64_t requests = 0;
  std::uint64_t receives = 0;
  std::uint64_t extensions = 0;
  worker.http().before = [&](int, const base::HttpRequest& request) {
    const auto target = base::find_header(request.headers, "x-amz-target").value_or("");
    ++requests;
    if (target.ends_with("ReceiveMessage")) ++receives;
    if (target.find("ChangeMessageVisibility") == std::string_view::npos) return;
    const std::string_view body = request.body;
    constexpr std::string_view kEntry = "\"ReceiptHandle\"";
    for (auto at = body.find(kEntry); at != body.npos; at = body.find(kEntry, at + 1)) ++extensions;
  };
  worker.start();
  const auto all_begun = [&] { return worker.begun() >= messages; };
  if (!loop.run_until(all_begun, std::chrono::minutes(10))) {
    throw std::runtime_error("not everything was received: " + std::to_string(worker.begun()));
  }
  loop.run_for(kHeld);
  const auto counts = region.sqs().find_queue("bench")->counts();
  const auto lost = (messages - worker.in_flight()) + (worker.begun() - messages);
  json["held_messages"] = messages;
  json["held_lost"] = lost;
  json["held_in_flight_at_the_queue"] = counts.in_flight;
  json["held_requests"] = requests;
  json["held_receives"] = receives;
  json["held_extensions"] = extensions;
}

}  // namespace bench
