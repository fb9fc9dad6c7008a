#include "dlq/survey.h"

#include "base/guarded.h"
#include "dlq/targets.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <exception>
#include <set>
#include <utility>

namespace dlq {

namespace asio = boost::asio;
using asio::awaitable;

namespace {

using Attributes = std::map<std::string, std::string>;

constexpr base::Duration kSampleVisibility = std::chrono::seconds(30);

std::string attribute(const Attributes& attributes, const char* name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? std::string() : found->second;
}

long long number(const Attributes& attributes, const char* name) {
  const std::string text = attribute(attributes, name);
  long long value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The ARN of the dead-letter queue in a RedrivePolicy; empty without one.
std::string target_of(const Attributes& attributes) {
  const auto json = nlohmann::json::parse(attribute(attributes, "RedrivePolicy"), nullptr, false);
  if (!json.is_object()) return {};
  const auto arn = json.find("deadLetterTargetArn");
  return arn != json.end() && arn->is_string() ? arn->get<std::string>() : std::string();
}

SurveyedQueue describe(base::QueueUrl url, const Attributes& attributes) {
  SurveyedQueue queue;
  queue.name = queue_name(url.value);
  queue.url = std::move(url);
  queue.arn = attribute(attributes, "QueueArn");
  queue.depth = {number(attributes, "ApproximateNumberOfMessages"),
                 number(attributes, "ApproximateNumberOfMessagesNotVisible"),
                 number(attributes, "ApproximateNumberOfMessagesDelayed")};
  queue.own_letters = queue_name(target_of(attributes));
  return queue;
}

awaitable<void> visit_all(Walk& walk, const VisitOptions& options, const Visit& visit,
                          base::Clock& clock, base::Result<Visited>& result) {
  constexpr std::size_t kLook = 100;
  Visited visited;
  std::optional<base::Error> error;
  bool more = true;
  while (more) {
    std::size_t wanted = kLook;
    if (options.look_max > 0) wanted = std::min(wanted, options.look_max - visited.looked_at);
    auto messages = co_await walk.next(wanted, [](const LetterId&) { return false; });
    if (!messages) {
      error = messages.error();
      break;
    }
    more = !messages->empty();
    for (const aws::SqsMessage& message : *messages) {
      walk.keep(letter_id(message.message_id));
      if (!more) continue;
      ++visited.looked_at;
      const Letter letter = read_letter(message);
      if (options.filter.takes(message, letter, clock.now())) {
        ++visited.matched;
        const auto on = visit(message, letter);
        if (!on) error = on.error();
        more = on && *on && (options.max == 0 || visited.matched < options.max);
      }
      if (options.look_max > 0 && visited.looked_at >= options.look_max) more = false;
    }
  }
  visited.not_returned = co_await walk.finish();
  visited.unseen = walk.unseen();
  if (error) {
    result = *error;
  } else {
    result = visited;
  }
}

awaitable<void> caught(awaitable<void> task, std::exception_ptr& error) {
  try {
    co_await std::move(task);
  } catch (...) {
    error = std::current_exception();
  }
}

awaitable<void> sample_queue(Context context, SurveyedQueue& queue, std::size_t sample,
                             const Stop& stop) {
  VisitOptions options;
  options.queue = queue.url;
  options.look_max =
      std::min<std::size_t>(sample, static_cast<std::size_t>(std::max(0LL, queue.depth.visible)));
  options.visibility = kSampleVisibility;
  if (options.look_max == 0) co_return;
  const auto visited = co_await visit_letters(
      context, options,
      [&queue](const aws::SqsMessage&, const Letter& letter) -> base::Result<bool> {
        ++queue.sampled;
        ++queue.by_kind[letter.record.error_kind];
        if (!queue.oldest || letter.record.first_seen < *queue.oldest) {
          queue.oldest = letter.record.first_seen;
        }
        return true;
      },
      stop);
  if (!visited) queue.error = visited.error();
}

}  // namespace

awaitable<base::Result<Visited>> visit_letters(Context context, VisitOptions options, Visit visit,
                                               const Stop& stop) {
  using asio::experimental::awaitable_operators::operator||;
  const bool fifo = options.queue.value.ends_with(".fifo");
  Walk walk(context, {options.queue, fifo, options.visibility, options.every_attribute}, stop);
  base::Result<Visited> result = Visited();
  std::exception_ptr error;
  co_await (base::guarded(caught(visit_all(walk, options, visit, context.clock, result), error)) ||
            base::guarded(walk.keep_hidden()));
  if (error) std::rethrow_exception(error);
  co_return result;
}

awaitable<base::Result<SurveyedQueue>> describe_queue(Context context, std::string queue) {
  const auto found = co_await find_queue(context.sqs, queue);
  if (!found) co_return found.error();
  const auto attributes = co_await context.sqs.get_queue_attributes(found->url);
  if (!attributes) co_return attributes.error().while_doing("queue '" + queue + "'");
  SurveyedQueue described = describe(found->url, *attributes);
  const auto sources = co_await context.sqs.list_dead_letter_source_queues(found->url);
  if (!sources) {
    // Worth having, but not everybody may ask for it, and not every server knows the question.
    if (!sources.error().is_transient()) co_return described;
    co_return sources.error().while_doing("queue '" + queue + "'");
  }
  for (const base::QueueUrl& source : *sources) described.sources.push_back(source.value);
  co_return described;
}

awaitable<base::Result<std::vector<SurveyedQueue>>> survey(Context context, std::string prefix,
                                                           std::size_t sample, const Stop& stop) {
  // All of them: a dead-letter queue is known by the queues that name it, which have other names.
  const auto urls = co_await context.sqs.list_queues({});
  if (!urls) co_return urls.error();
  std::map<std::string, SurveyedQueue> queues;
  std::map<std::string, std::vector<std::string>> sources;  // by dead-letter queue
  for (const base::QueueUrl& url : *urls) {
    if (stop.requested()) break;
    const auto attributes = co_await context.sqs.get_queue_attributes(url);
    if (!attributes) {
      // Deleted meanwhile, or somebody else's business.
      const auto kind = attributes.error().kind;
      if (kind == base::ErrorKind::kNotFound || kind == base::ErrorKind::kDenied) continue;
      co_return attributes.error().while_doing("queue '" + queue_name(url.value) + "'");
    }
    SurveyedQueue queue = describe(url, *attributes);
    if (!queue.own_letters.empty()) sources[queue.own_letters].push_back(queue.name);
    queues.emplace(queue.name, std::move(queue));
  }
  std::vector<SurveyedQueue> found;
  for (auto& [name, from] : sources) {
    const auto queue = queues.find(name);
    if (queue == queues.end() || !name.starts_with(prefix)) continue;  // of another account
    queue->second.sources = std::move(from);
    if (sample > 0) co_await sample_queue(context, queue->second, sample, stop);
    found.push_back(std::move(queue->second));
  }
  co_return found;
}

}  // namespace dlq
