// What one turn of the planner costs: a whole out-in and in-out of a group, folded over the model,
// and the two turns that a run takes most often. The model's share is not counted.
#include "consumers/recycle/model.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

namespace {

namespace recycle = consumers::recycle;
using recycle::Journal;
using recycle::Mutate;
using recycle::Policy;
using recycle::RunContext;
using recycle::Snapshot;
using recycle::Step;
using recycle::Strategy;

const base::TimePoint kNow{std::chrono::hours(24 * 20'456)};

aws::LaunchTemplateSpecification version(int number) {
  return {.id = "lt-0123456789abcdef0", .name = "web", .version = std::to_string(number)};
}

Snapshot group_of(int size) {
  Snapshot snapshot;
  aws::AutoScalingGroup& group = snapshot.group;
  group.name = base::GroupName("web-asg-1");
  group.min_size = size / 2;
  group.max_size = 2 * size;
  group.desired_capacity = size;
  group.launch_template = version(7);
  group.availability_zones = {"eu-west-2a", "eu-west-2b", "eu-west-2c"};
  for (int i = 0; i < size; ++i) {
    aws::GroupInstance instance;
    instance.id = base::InstanceId(fmt::format("i-0{:016x}", i * 2'654'435'761U));
    instance.availability_zone = group.availability_zones[static_cast<std::size_t>(i % 3)];
    instance.lifecycle_state = "InService";
    instance.health_status = "Healthy";
    instance.launch_template = version(6);
    snapshot.facts[instance.id].launch_time = kNow - std::chrono::hours(48);
    group.instances.push_back(std::move(instance));
  }
  snapshot.target.launch_templates = {version(7)};
  return snapshot;
}

void whole_run(benchmark::State& state, Strategy strategy) {
  Policy policy;
  policy.strategy = strategy;
  RunContext context;
  context.run_id = "0123456789ab";
  std::int64_t turns = 0;
  std::chrono::nanoseconds longest{0};
  for (auto _ : state) {
    Snapshot snapshot = group_of(static_cast<int>(state.range(0)));
    std::optional<Journal> journal;
    std::chrono::nanoseconds spent{0};
    for (bool over = false; !over;) {
      const auto begun = std::chrono::steady_clock::now();
      const Step step = recycle::next(snapshot, journal, policy, context, kNow);
      const auto took = std::chrono::steady_clock::now() - begun;
      spent += took;
      longest = std::max(longest, std::chrono::nanoseconds(took));
      ++turns;
      const auto* mutate = std::get_if<Mutate>(&step);
      over = mutate == nullptr;
      if (over) continue;
      if (!recycle::apply(snapshot, mutate->action)) throw std::logic_error("refused");
      if (const auto* write = std::get_if<recycle::WriteJournal>(&mutate->action))
        journal = write->journal;
      if (std::holds_alternative<recycle::RemoveJournal>(mutate->action)) journal.reset();
    }
    state.SetIterationTime(std::chrono::duration<double>(spent).count());
  }
  state.counters["turns"] = static_cast<double>(turns) / static_cast<double>(state.iterations());
  state.counters["time_per_turn"] = benchmark::Counter(
      static_cast<double>(turns), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["longest_us"] = static_cast<double>(longest.count()) / 1'000;
}

void planner_out_in(benchmark::State& state) { whole_run(state, Strategy::kOutIn); }
void planner_in_out(benchmark::State& state) { whole_run(state, Strategy::kInOut); }
BENCHMARK(planner_out_in)->Arg(20)->Arg(100)->Arg(500)->UseManualTime();
BENCHMARK(planner_in_out)->Arg(20)->Arg(100)->UseManualTime();

}  // namespace
