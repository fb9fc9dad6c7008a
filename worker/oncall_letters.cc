#include "worker/oncall_letters.h"

#include "consumers/oncall/jobs/error_pattern.h"
#include "dlq/survey.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace worker {

namespace {

using consumers::oncall::LetterReasons;

constexpr base::Duration kVisibility{30'000};

void keep_commonest(std::map<std::string, std::size_t>& reasons, std::size_t most) {
  if (reasons.size() <= most) return;
  std::vector<std::pair<std::string, std::size_t>> sorted(reasons.begin(), reasons.end());
  std::ranges::stable_sort(sorted, std::greater(), &std::pair<std::string, std::size_t>::second);
  reasons = {sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(most)};
}

}  // namespace

boost::asio::awaitable<base::Result<LetterReasons>> OncallLetters::look(std::string queue,
                                                                        std::size_t most) {
  const auto described = co_await dlq::describe_queue(context_, std::move(queue));
  if (!described) co_return described.error();
  LetterReasons reasons;
  const auto visible = static_cast<std::size_t>(std::max(0LL, described->depth.visible));
  dlq::VisitOptions options;
  options.queue = described->url;
  options.look_max = std::min(most, visible);
  options.visibility = kVisibility;
  if (options.look_max == 0) co_return reasons;
  const auto visited = co_await dlq::visit_letters(
      context_, options,
      [&reasons](const aws::SqsMessage&, const dlq::Letter& letter) -> base::Result<bool> {
        ++reasons.sampled;
        ++reasons.by_kind[letter.record.error_kind];
        if (!letter.record.reason.empty()) {
          ++reasons.by_reason[consumers::oncall::error_pattern(letter.record.reason)];
        }
        if (!reasons.oldest || letter.record.first_seen < *reasons.oldest) {
          reasons.oldest = letter.record.first_seen;
        }
        return true;
      },
      never_);
  if (!visited) co_return visited.error();
  keep_commonest(reasons.by_reason, kReasonsMax);
  co_return reasons;
}

}  // namespace worker
