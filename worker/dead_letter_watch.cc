#include "worker/dead_letter_watch.h"

#include "worker/metrics.h"

#include <charconv>

namespace worker {
namespace {

std::size_t number_of(const std::map<std::string, std::string>& attributes, const char* name) {
  std::size_t number = 0;
  const auto found = attributes.find(name);
  if (found == attributes.end()) return 0;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

}  // namespace

boost::asio::awaitable<void> watch_dead_letters(
    Context& context, std::vector<std::pair<std::string, base::QueueUrl>> queues) {
  while (true) {
    co_await context.clock.sleep_for(kDeadLetterWatch);
    for (const auto& [role, url] : queues) {
      const auto attributes = co_await context.sqs.get_queue_attributes(url);
      if (!attributes) continue;
      context.metrics.queue(role).dead_letters(
          number_of(*attributes, "ApproximateNumberOfMessages") +
          number_of(*attributes, "ApproximateNumberOfMessagesNotVisible"));
    }
  }
}

}  // namespace worker
