#include "dlq/checkpoint.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

namespace dlq {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;

base::Error failed(const std::string& path, const char* doing) {
  return {base::ErrorKind::kFatal,
          "CheckpointFailed",
          fmt::format("checkpoint {}: {}: {}", path, doing, std::strerror(errno)),
          {}};
}

base::Error unfinished(const std::string& path) {
  return base::invalid(fmt::format(
      "checkpoint {}: exists; --resume goes on with that replay, or remove the file to forget it",
      path));
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t from = 0; from < line.size();) {
    const auto to = std::min(line.find(' ', from), line.size());
    if (to > from) words.push_back(line.substr(from, to - from));
    from = to + 1;
  }
  return words;
}

// One line after another, into a state.
class Reader {
 public:
  base::Result<void> header(std::string_view line) {
    const json head = json::parse(line, nullptr, false);
    if (!head.is_object() || head.value("autorecycle_replay", json()) != kFormat) {
      return base::invalid("line 1: expected the head of a replay's checkpoint, format 1");
    }
    const auto text = [&](const char* name) {
      const auto member = head.find(name);
      return member != head.end() && member->is_string() ? member->get<std::string>()
                                                         : std::string();
    };
    state.run = text("run");
    state.queue = text("queue");
    const auto started = base::parse_rfc3339(text("started"));
    if (state.run.empty() || state.queue.empty() || !started) {
      return base::invalid("line 1: expected run, queue and started");
    }
    state.started = *started;
    return {};
  }

  base::Result<void> line(std::string_view line, std::size_t number) {
    const auto words = words_of(line);
    if (words.empty() || words[0].size() != 1) return unknown(number);
    switch (words[0][0]) {
      case '?':
        return begin(words, number);
      case '=':
      case '~':
        return positions(words, number);
      case '.':
        round_.clear();
        return {};
      default:
        return unknown(number);
    }
  }

  // Of the round that was cut off, what is not known.
  void end() {
    for (const auto& id : round_) {
      if (id) state.uncertain.insert(*id);
    }
  }

  ReplayState state;

 private:
  static base::Error unknown(std::size_t number) {
    return base::invalid(fmt::format("line {}: expected \"?\", \"=\", \"~\" or \".\"", number));
  }

  base::Result<void> begin(const std::vector<std::string_view>& words, std::size_t number) {
    end();  // of a round that was cut off, if the one before this was
    round_.clear();
    for (std::size_t i = 1; i < words.size(); ++i) {
      const auto id = letter_id_of_hex(words[i]);
      if (!id) return base::invalid(fmt::format("line {}: expected ids of 32 digits", number));
      round_.emplace_back(*id);
    }
    return {};
  }

  base::Result<void> positions(const std::vector<std::string_view>& words, std::size_t number) {
    for (std::size_t i = 1; i < words.size(); ++i) {
      std::size_t at = 0;
      const char* end = words[i].data() + words[i].size();
      const auto read = std::from_chars(words[i].data(), end, at);
      if (read.ec != std::errc() || read.ptr != end || at >= round_.size()) {
        return base::invalid(fmt::format("line {}: expected positions of the line above", number));
      }
      if (words[0] == "~") {
        ++state.possibly_twice;
      } else if (round_[at]) {
        state.sent.insert(*round_[at]);
        state.uncertain.erase(*round_[at]);
        round_[at].reset();
      }
    }
    return {};
  }

  std::vector<std::optional<LetterId>> round_;
};

base::Result<std::string> read_whole(const std::string& path, int file) {
  struct stat info {};
  if (::fstat(file, &info) != 0) return failed(path, "looking at it");
  if (static_cast<std::size_t>(info.st_size) > Checkpoint::kFileBytesMax) {
    return base::invalid(fmt::format("checkpoint {}: longer than 1 GiB", path));
  }
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t count = ::pread(file, text.data() + at, text.size() - at, static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(path, "reading");
    if (count == 0) break;
    at += static_cast<std::size_t>(count);
  }
  text.resize(at);
  return text;
}

}  // namespace

base::Result<ReadCheckpoint> read_checkpoint(std::string_view text) {
  Reader reader;
  std::size_t number = 0;
  std::size_t from = 0;
  while (true) {
    const auto to = text.find('\n', from);
    if (to == std::string_view::npos) break;
    const std::string_view line = text.substr(from, to - from);
    const auto read = ++number == 1 ? reader.header(line) : reader.line(line, number);
    if (!read) return read.error();
    from = to + 1;
  }
  if (number == 0) return base::invalid("line 1: expected the head of a replay's checkpoint");
  reader.end();
  return ReadCheckpoint{std::move(reader.state), from};
}

Checkpoint::Checkpoint(std::string path, int file, ReplayState state)
    : path_(std::move(path)), file_(file), state_(std::move(state)) {}

Checkpoint::~Checkpoint() {
  if (file_ >= 0) ::close(file_);
}

base::Result<std::unique_ptr<Checkpoint>> Checkpoint::create(const std::string& path,
                                                             const ReplayState& state) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0600);
  if (file < 0 && errno == EEXIST) return unfinished(path);
  if (file < 0) {
    base::Error error = failed(path, "making it");
    error.kind = base::ErrorKind::kInvalid;
    return error;
  }
  std::unique_ptr<Checkpoint> checkpoint(new Checkpoint(path, file, state));
  ::flock(file, LOCK_EX | LOCK_NB);
  const json head = {{"autorecycle_replay", kFormat},
                     {"run", state.run},
                     {"queue", state.queue},
                     {"started", base::format_rfc3339(state.started)}};
  const auto written = checkpoint->append(head.dump() + "\n", true);
  if (!written) {
    ::unlink(path.c_str());
    return written.error();
  }
  return checkpoint;
}

base::Result<void> Checkpoint::must_be_new(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return unfinished(path);
  return {};
}

base::Result<std::unique_ptr<Checkpoint>> Checkpoint::resume(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_APPEND);
  if (file < 0) {
    base::Error error = failed(path, "opening it");
    error.kind = base::ErrorKind::kInvalid;
    return error;
  }
  std::unique_ptr<Checkpoint> checkpoint(new Checkpoint(path, file, {}));
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    return base::invalid(fmt::format("checkpoint {}: another replay is using it", path));
  }
  const auto text = read_whole(path, file);
  if (!text) return text.error();
  auto read = read_checkpoint(*text);
  if (!read) return read.error().while_doing("reading checkpoint " + path);
  if (::ftruncate(file, static_cast<off_t>(read->bytes)) != 0) return failed(path, "trimming it");
  checkpoint->state_ = std::move(read->state);
  return checkpoint;
}

base::Result<void> Checkpoint::append(std::string_view text, bool sync) {
  if (file_ < 0) return {};
  struct stat before {};
  if (::fstat(file_, &before) != 0) return failed(path_, "looking at it");
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t count = ::write(file_, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const base::Error error = failed(path_, "writing");
      // Half a line in the middle of the file would make it unreadable.
      if (::ftruncate(file_, before.st_size) != 0) return failed(path_, "taking half a line back");
      return error;
    }
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  if (sync && ::fdatasync(file_) != 0) return failed(path_, "syncing");
  return {};
}

base::Result<void> Checkpoint::about_to_send(const std::vector<LetterId>& ids) {
  if (file_ < 0) return {};
  std::string line = "?";
  line.reserve(ids.size() * 33 + 2);
  for (const LetterId& id : ids) line += " " + to_hex(id);
  return append(line + "\n", true);
}

base::Result<void> Checkpoint::append_positions(char kind,
                                                const std::vector<std::size_t>& positions) {
  if (file_ < 0 || positions.empty()) return {};
  std::string line(1, kind);
  for (const std::size_t position : positions) line += fmt::format(" {}", position);
  return append(line + "\n", false);
}

base::Result<void> Checkpoint::sent(const std::vector<std::size_t>& positions) {
  return append_positions('=', positions);
}

base::Result<void> Checkpoint::unsure(const std::vector<std::size_t>& positions) {
  return append_positions('~', positions);
}

base::Result<void> Checkpoint::round_ended() { return append(".\n", true); }

void Checkpoint::finished() {
  if (file_ >= 0) ::unlink(path_.c_str());
}

}  // namespace dlq
