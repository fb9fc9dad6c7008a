#include "consumers/oncall/process_table.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstring>

namespace consumers::oncall {
namespace {

constexpr std::size_t kNameMax = 16;  // "4194304/stat"

// What getdents64(2) writes.
struct Entry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t length;
  std::uint8_t type;
  char name[1];
};

// After the last ')' of /proc/PID/stat, separated by blanks: state, parent, ... See proc(5).
constexpr int kParentField = 1;
constexpr int kThreadsField = 17;
constexpr int kResidentField = 21;

std::uint64_t number_at(const char* text) {
  std::uint64_t number = 0;
  for (; *text >= '0' && *text <= '9'; ++text)
    number = number * 10 + static_cast<unsigned>(*text - '0');
  return number;
}

}  // namespace

bool ProcessTable::read(pid_t root, uid_t user) {
  size_ = 0;
  const int proc = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) return false;
  alignas(Entry) std::array<char, 8'192> buffer;
  for (;;) {
    const long bytes = ::syscall(SYS_getdents64, proc, buffer.data(), buffer.size());
    if (bytes <= 0) break;
    for (long at = 0; at < bytes;) {
      const auto* entry = reinterpret_cast<const Entry*>(buffer.data() + at);
      const char* name = buffer.data() + at + offsetof(Entry, name);
      if (*name >= '1' && *name <= '9') add(name, proc, root, user);
      at += entry->length;
    }
  }
  ::close(proc);
  mark(root, user != 0);
  return true;
}

void ProcessTable::add(const char* name, int proc, pid_t root, uid_t user) {
  if (size_ == kProcessesMax || std::strlen(name) >= kNameMax - 5) return;
  if (user != 0) {
    struct stat owner {};
    if (::fstatat(proc, name, &owner, 0) != 0 || owner.st_uid != user) return;
  }
  std::array<char, kNameMax> path{};
  std::strcpy(path.data(), name);
  std::strcat(path.data(), "/stat");
  const int file = ::openat(proc, path.data(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  std::array<char, 1'024> text;
  const ssize_t bytes = ::read(file, text.data(), text.size() - 1);
  ::close(file);
  if (bytes <= 0) return;
  text[static_cast<std::size_t>(bytes)] = 0;
  const char* at = std::strrchr(text.data(), ')');
  if (at == nullptr || at[1] == 0) return;
  at += 2;
  Process process;
  process.pid = static_cast<pid_t>(number_at(name));
  process.state = *at;
  for (int field = 1; field <= kResidentField; ++field) {
    at = std::strchr(at, ' ');
    if (at == nullptr) return;
    ++at;
    if (field == kThreadsField) process.threads = number_at(at);
    if (field == kParentField) process.parent = static_cast<pid_t>(number_at(at));
  }
  process.pages = number_at(at);
  if (process.state != 'Z' && process.state != 'X' && process.pid != root) {
    processes_[static_cast<std::size_t>(size_++)] = process;
  }
}

// Listed by rising numbers, so that parents are found quickly and mostly before their children.
void ProcessTable::mark(pid_t root, bool all) {
  const auto is_ours = [&](pid_t pid) {
    if (pid == root) return true;
    const Process* const end = processes_.data() + size_;
    const Process* at =
        std::lower_bound(static_cast<const Process*>(processes_.data()), end, pid,
                         [](const Process& one, pid_t than) { return one.pid < than; });
    return at != end && at->pid == pid && at->ours;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (int i = 0; i < size_; ++i) {
      Process& process = processes_[i];
      if (process.ours || (!all && !is_ours(process.parent))) continue;
      process.ours = true;
      changed = true;
    }
  }
  ours_ = 0;
  resident_ = 0;
  threads_ = 0;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < size_; ++i) {
    if (!processes_[i].ours) continue;
    ++ours_;
    threads_ += processes_[i].threads;
    resident_ += processes_[i].pages * page;
  }
}

int ProcessTable::signal_running(int signal) const {
  int count = 0;
  for (int i = 0; i < size_; ++i) {
    const Process& process = processes_[i];
    if (!process.ours || process.state == 'T') continue;
    ::kill(process.pid, signal);
    ++count;
  }
  return count;
}

void ProcessTable::signal_all(int signal) const {
  for (int i = 0; i < size_; ++i) {
    if (processes_[i].ours) ::kill(processes_[i].pid, signal);
  }
}

}  // namespace consumers::oncall
