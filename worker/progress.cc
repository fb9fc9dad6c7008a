#include "worker/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

namespace worker {
namespace {

constexpr std::size_t kBar = 24;
constexpr base::Duration kTerminalEvery{100};
constexpr base::Duration kLineEvery{1'000};

}  // namespace

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

std::string progress_line(const dlq::Summary& summary, base::Duration since_start, bool bar) {
  // Everything that was looked at is done with or in hand; with a filter little of it is sent.
  const std::size_t done =
      summary.move_task ? summary.sent : std::max(summary.looked_at, summary.sent);
  const auto all = std::max(static_cast<std::size_t>(std::max(0LL, summary.depth)), done);
  const double part = all == 0 ? 1 : static_cast<double>(done) / static_cast<double>(all);
  const double seconds = static_cast<double>(since_start.count()) / 1'000;
  const double rate = seconds > 0 ? static_cast<double>(summary.sent) / seconds : 0;
  std::string line;
  if (bar) {
    const auto full = static_cast<std::size_t>(part * kBar);
    line = fmt::format("[{}{}] {:3.0f}%  ", std::string(full, '#'), std::string(kBar - full, '.'),
                       part * 100);
  }
  line += fmt::format("{} {} of about {}", summary.sent,
                      summary.dry_run ? "would be replayed" : "replayed", all);
  if (summary.kept + summary.newer > 0)
    line += fmt::format(", {} kept", summary.kept + summary.newer);
  if (summary.failed + summary.no_target > 0) {
    line += fmt::format(", {} failed", summary.failed + summary.no_target);
  }
  if (summary.came_back > 0) line += fmt::format(", {} came back", summary.came_back);
  if (summary.elsewhere > 0) line += fmt::format(", waiting for {} hidden", summary.elsewhere);
  line += fmt::format("  {:.0f}/s", rate);
  const double looked = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  if (looked > 0 && all > done) {
    line += fmt::format("  {:.0f}s left", static_cast<double>(all - done) / looked);
  }
  return line;
}

Progress::Progress(std::ostream& out, bool terminal, base::Clock& clock)
    : out_(out), terminal_(terminal), clock_(clock), started_(clock.steady_now()) {}

void Progress::show(const dlq::Summary& summary) {
  const auto now = clock_.steady_now();
  if (shown_once_ && now - shown_ < (terminal_ ? kTerminalEvery : kLineEvery)) return;
  if (!terminal_ && !shown_once_ && now - started_ < kLineEvery) return;  // short runs say nothing
  shown_ = now;
  shown_once_ = true;
  const auto since = std::chrono::duration_cast<base::Duration>(now - started_);
  const std::string line = progress_line(summary, since, terminal_);
  if (terminal_) {
    out_ << "\r\x1b[K" << line << std::flush;
  } else {
    out_ << line << "\n" << std::flush;
  }
}

void Progress::end() {
  if (terminal_ && shown_once_) out_ << "\r\x1b[K" << std::flush;
}

}  // namespace worker
