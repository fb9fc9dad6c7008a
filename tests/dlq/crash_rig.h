// What the short test and the long soak of crashes share.
#pragma once

#include "tests/dlq/replay_rig.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <stdexcept>

namespace test {

struct CheckpointFile {
  CheckpointFile() : path(fmt::format("{}/replay-{}.checkpoint", testing::TempDir(), ::getpid())) {
    std::filesystem::remove(path);
  }
  ~CheckpointFile() { std::filesystem::remove(path); }
  const std::string path;
};

// Runs until it ends without a crash, every process dying `step(random)` calls after its start.
inline dlq::Summary with_crashes(ReplayRig& rig, const std::string& queue,
                                 const std::function<int()>& calls_to_live, int& crashes) {
  const CheckpointFile file;
  while (true) {
    ReplayRig::Process process(rig);
    auto state = rig.state();
    state.queue = rig.url(queue).value;
    auto checkpoint = std::filesystem::exists(file.path)
                          ? dlq::Checkpoint::resume(file.path)
                          : dlq::Checkpoint::create(file.path, state);
    if (!checkpoint) throw std::runtime_error(checkpoint.error().to_string());
    const int calls = calls_to_live();
    (rig.random.chance(0.5) ? process.crash_before : process.crash_after) = calls;
    try {
      return rig.replay(rig.options(queue), **checkpoint, process);
    } catch (const Crash&) {
      ++crashes;
    }
  }
}

// Everything that a queue service may do to a client, some of it often.
inline void everything_goes_wrong(sim::Faults& faults) {
  faults.settings().batch_entry_fails = 0.05;
  faults.settings().batch_entry_refused = 0.01;
  faults.settings().partial_receive = 0.3;
  faults.settings().empty_receive = 0.1;
  faults.settings().duplicate_delivery = 0.02;
  faults.settings().any_order = 0.5;
  faults.settings().delete_undone = 0.02;
  faults.add({.kind = sim::FaultKind::kThrottle, .service = "sqs", .probability = 0.05});
  faults.add({.kind = sim::FaultKind::kError, .service = "sqs", .probability = 0.02});
  faults.add({.kind = sim::FaultKind::kLost, .service = "sqs", .probability = 0.02});
}

}  // namespace test
