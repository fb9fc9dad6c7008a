// What the short tests and the long soak of crashes share.
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

// Somebody else who receives from the dead-letter queue too, and deals with what it gets, gives it
// back or holds it for a while, as it likes.
inline void interfere(ReplayRig& rig, const std::string& queue) {
  auto* letters = rig.region.sqs().find_queue(queue);
  const auto messages = letters->receive(3, 20s, "", {});
  for (const auto& message : messages.value_or(std::vector<sim::StoredMessage>())) {
    if (rig.random.chance(0.3)) {
      rig.ledger.taken.insert(message.body);
      letters->remove(message.receipt);
    } else if (rig.random.chance(0.5)) {
      letters->change_visibility(message.receipt, 0s);
    }
  }
}

struct CrashOptions {
  std::function<int()> calls_to_live;  // of each process, drawn anew
  double interference = 0;             // how likely, whenever the replay says how far it is
};

// One replay that is resumed until it ends without a crash.
inline dlq::Summary with_crashes(ReplayRig& rig, const std::string& queue,
                                 const CrashOptions& options, int& crashes) {
  const CheckpointFile file;
  while (true) {
    ReplayRig::Process process(rig);
    auto state = rig.state();
    state.queue = rig.url(queue).value;
    auto checkpoint = std::filesystem::exists(file.path)
                          ? dlq::Checkpoint::resume(file.path)
                          : dlq::Checkpoint::create(file.path, state);
    if (!checkpoint) throw std::runtime_error(checkpoint.error().to_string());
    const int calls = options.calls_to_live();
    (rig.random.chance(0.5) ? process.crash_before : process.crash_after) = calls;
    dlq::ReplayOptions replay = rig.options(queue);
    replay.progress = [&](const dlq::Summary&) {
      if (rig.random.chance(options.interference)) interfere(rig, queue);
    };
    try {
      return rig.replay(std::move(replay), **checkpoint, process);
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
