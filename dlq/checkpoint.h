// Checkpoint: the file from which a replay that was killed goes on.
//
// Before anything is sent, the ids of what is about to be sent are written and synced; after each
// send which of them SQS has taken. Only then they are deleted from the dead-letter queue. So a run
// that goes on deletes what was sent instead of sending it again, and knows what it cannot know:
// the messages of the last round whose send was not noted. A text file, lines are only added:
//
//   {"autorecycle_replay":1,"run":"...","queue":"https://...","started":"..."}
//   ? <32 hex digits> <32 hex digits> ...    about to be sent
//   = 0 2                                    of those, by position: sent
//   ~ 1                                      may have been sent; will be sent again
//   .                                        the fate of all of them is known
//
// A last line without its end, cut by a crash, is taken off.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "dlq/letter_id.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dlq {

struct ReplayState {
  std::string run;    // UUID: part of what makes deduplication ids
  std::string queue;  // URL
  base::TimePoint started;
  LetterIds sent;
  LetterIds uncertain;             // of the round that was cut off: sent or not, nobody knows
  std::size_t possibly_twice = 0;  // sends that were repeated without knowing, until now
};

class Checkpoint {
 public:
  static constexpr std::size_t kFileBytesMax = std::size_t(1) << 30U;

  // Keeps nothing: for who has no file.
  explicit Checkpoint(ReplayState state) : state_(std::move(state)) {}
  ~Checkpoint();
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;

  // kInvalid: the file exists (an unfinished replay), or cannot be made or written.
  static base::Result<std::unique_ptr<Checkpoint>> create(const std::string& path,
                                                          const ReplayState& state);
  // kInvalid: create() would refuse it, because a replay left it there.
  static base::Result<void> must_be_new(const std::string& path);
  // kInvalid: no such file, not one of ours (which line), or another process has it.
  static base::Result<std::unique_ptr<Checkpoint>> resume(const std::string& path);

  const ReplayState& state() const { return state_; }

  // Errors of all three: kFatal "CheckpointFailed" with the file and the system's reason.
  base::Result<void> about_to_send(const std::vector<LetterId>& ids);
  // Positions in what was given to about_to_send.
  base::Result<void> sent(const std::vector<std::size_t>& positions);
  base::Result<void> unsure(const std::vector<std::size_t>& positions);
  base::Result<void> round_ended();
  // Nothing is left to go on with: the file goes.
  void finished();

 private:
  Checkpoint(std::string path, int file, ReplayState state);
  base::Result<void> append(std::string_view text, bool sync);
  base::Result<void> append_positions(char kind, const std::vector<std::size_t>& positions);

  std::string path_;
  int file_ = -1;
  ReplayState state_;
};

// The text of a checkpoint file, read: for Checkpoint and its tests. `bytes` is how much of it
// counts, the rest being a line that was cut.
struct ReadCheckpoint {
  ReplayState state;
  std::size_t bytes = 0;
};
base::Result<ReadCheckpoint> read_checkpoint(std::string_view text);

}  // namespace dlq
