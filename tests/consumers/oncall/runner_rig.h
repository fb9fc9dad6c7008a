// A job that does as it is told, and sinks that remember, behind the real consumer.
#pragma once

#include "consumers/idempotency/memory_store.h"
#include "consumers/oncall/consumer.h"
#include "messages/decode.h"
#include "sim/virtual_loop.h"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace consumers::oncall {

using boost::asio::awaitable;

// Does as it is told and remembers what it was asked.
class ToldJob final : public Job {
 public:
  explicit ToldJob(Entry entry) : entry_(std::move(entry)) {}
  const Entry& entry() const override { return entry_; }
  awaitable<Answer> run(Request request, JobLog& log) override {
    asked.push_back(request);
    ++running;
    most = std::max(most, running);
    struct Leave {
      int& running;
      ~Leave() { --running; }
    } const leave{running};
    log.line("params " + request.params);
    if (takes.count() > 0) co_await clock->sleep_for(takes);
    if (throws) throw std::runtime_error("a bug");
    co_return answer;
  }
  Entry entry_;
  base::Clock* clock = nullptr;
  std::vector<Request> asked;
  Answer answer = answer_done(R"({"ok":true})");
  base::Duration takes{0};
  bool throws = false;
  int running = 0;
  int most = 0;
};

class FakeReplies final : public Replies {
 public:
  base::Result<void> check(const std::string& to) const override {
    if (to.starts_with("reply")) return {};
    return base::invalid("expected a queue that starts with reply");
  }
  awaitable<base::Result<void>> send(std::string to, std::string reply) override {
    sent.push_back(to + " " + reply);
    co_return base::Result<void>();
  }
  std::vector<std::string> sent;
};

class FakeKeeper final : public LogKeeper {
 public:
  awaitable<base::Result<std::string>> keep(Outcome outcome, std::vector<LogLine> lines) override {
    audits.push_back(audit_of(outcome));
    for (const LogLine& line : lines) text += line.text + "\n";
    if (fails) co_return base::Error{base::ErrorKind::kDenied, "AccessDenied", "no", {}};
    co_return std::string("s3://logs/1");
  }
  std::vector<std::string> audits;
  std::string text;
  bool fails = false;
};

class FakePager final : public Pager {
 public:
  awaitable<base::Result<void>> failed(Outcome outcome) override {
    pages.push_back(outcome.request.job);
    co_return base::Result<void>();
  }
  std::vector<std::string> pages;
};

class FakeObserver final : public JobObserver {
 public:
  void ended(std::string_view job, std::string_view result, base::Duration) override {
    ended_.push_back(std::string(job) + " " + std::string(result));
  }
  std::vector<std::string> ended_;
};

inline Entry entry_of(std::string name, bool changes, bool safe) {
  Entry entry;
  entry.name = std::move(name);
  entry.purpose = "A test";
  entry.params_schema = R"({"type":"object","additionalProperties":false,"properties":{
    "service_name":{"type":"string","default":"web","description":"Which"},
    "test_suite":{"type":"string","description":"Which"},
    "token":{"type":"string","writeOnly":true,"description":"A secret"}}})";
  entry.example = "{}";
  entry.owner = "tests";
  entry.timeout = std::chrono::minutes(1);
  entry.changes = changes;
  entry.safe_to_retry = safe;
  entry.clash = "service/{service_name}";
  return entry;
}

struct RunnerRig {
  explicit RunnerRig(bool changes = false, bool safe = false, const std::string& allow = "") {
    auto job = std::make_unique<ToldJob>(entry_of("oncall-it", changes, safe));
    told = job.get();
    told->clock = &loop.clock();
    Catalogue jobs;
    jobs.push_back(std::move(job));
    runner = std::make_unique<Runner>(std::move(jobs), loop.clock(), Allow::parse(allow).value(),
                                      Sinks{&replies, {&log}, {&audit}, &pager, &observer});
    consumer = std::make_unique<OncallConsumer>(*runner, store, loop.clock());
  }

  Delivery delivery(const std::string& body, int receives = 1) {
    auto message = messages::decode(body);
    if (!message) throw std::logic_error(message.error().message);
    Delivery delivery;
    delivery.message = std::move(*message);
    delivery.message_id = "sqs-1";
    delivery.receive_count = receives;
    return delivery;
  }
  Verdict consume(const std::string& body, int receives = 1) {
    return loop.run(consumer->consume(delivery(body, receives)));
  }

  sim::VirtualLoop loop;
  idempotency::MemoryStore store{loop.clock()};
  FakeReplies replies;
  FakeKeeper log;
  FakeKeeper audit;
  FakePager pager;
  FakeObserver observer;
  ToldJob* told = nullptr;
  std::unique_ptr<Runner> runner;
  std::unique_ptr<OncallConsumer> consumer;
};

}  // namespace consumers::oncall
