#include "dlq/import.h"

#include "aws/digest.h"
#include "aws/retry.h"
#include "dlq/pace.h"
#include "dlq/resend.h"

#include <fmt/format.h>

#include <utility>

namespace dlq {

namespace asio = boost::asio;
using asio::awaitable;

namespace {

constexpr int kTries = 8;

base::Result<std::size_t> verify(const LineSource& source) {
  std::string line;
  std::size_t number = 0;
  while (source.next_line(line)) {
    ++number;
    const auto message = read_line(line);
    if (!message) return message.error().while_doing(fmt::format("reading line {}", number));
  }
  source.rewind();
  return number;
}

aws::SendOptions as_it_was(const aws::SqsMessage& message, const Target& target,
                           const std::string& run) {
  aws::SendOptions send;
  send.queue = target.url;
  send.body = message.body;
  send.attributes = message.attributes;
  send.group_id = message.group_id;
  const auto trace = message.system_attributes.find("AWSTraceHeader");
  if (trace != message.system_attributes.end()) send.trace_header = trace->second;
  if (target.fifo) {
    if (send.group_id.empty()) send.group_id = "imported";
    send.deduplication_id = aws::sha256_hex(run + "/" + message.message_id);
  }
  return send;
}

// Until all are there; an error if one of them never will be.
awaitable<base::Result<void>> send_all(Context context, std::vector<aws::SendOptions> entries,
                                       std::size_t& possibly_twice) {
  aws::RetryPolicy policy;
  policy.throttled_base = base::Duration(200);
  for (int attempt = 1; !entries.empty(); ++attempt) {
    const auto results = co_await context.sqs.send_message_batch(entries);
    base::Error error;
    std::vector<aws::SendOptions> again;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (results && (*results)[i]) continue;
      error = results ? (*results)[i].error() : results.error();
      if (!error.is_transient() || attempt >= kTries) co_return error;
      const bool unsure = !results && error.kind == base::ErrorKind::kRetry &&
                          error.code != "ConnectError" && entries[i].deduplication_id.empty();
      possibly_twice += unsure ? 1 : 0;
      again.push_back(std::move(entries[i]));
    }
    entries = std::move(again);
    if (entries.empty()) break;
    error.kind = base::ErrorKind::kThrottled;
    co_await context.clock.sleep_for(aws::retry_delay(policy, error, attempt, context.random));
  }
  co_return base::Result<void>();
}

// The lines in their order, ten at a time as long as they go to one queue.
class Sender {
 public:
  Sender(Context context, const ImportOptions& options, Imported& imported)
      : context_(context),
        options_(options),
        imported_(imported),
        targets_(context.sqs, base::QueueUrl(), options.to, {}),
        pace_(options.rate, base::Duration(0)) {}

  awaitable<base::Result<void>> add(std::string line) {
    const auto message = read_line(line);
    if (!message) co_return message.error();
    const Letter letter = read_letter(*message);
    const auto target = co_await targets_.find(letter);
    if (!target) co_return target.error();
    aws::SendOptions send =
        options_.to.empty()
            ? make_resend(*message, letter, {options_.run, target->url, target->fifo})
            : as_it_was(*message, *target, options_.run);
    const std::size_t bytes = aws::sqs_bytes(send.body, send.attributes);
    const bool other = !entries_.empty() && (entries_.front().queue != send.queue ||
                                             // of one batch either of a group may fail
                                             (target->fifo && same_group(send.group_id)));
    if (other || entries_.size() == aws::kSqsBatchMax || bytes_ + bytes > aws::kSqsBytesMax) {
      const auto sent = co_await flush();
      if (!sent) co_return sent.error();
    }
    entries_.push_back(std::move(send));
    bytes_ += bytes;
    co_return base::Result<void>();
  }

  awaitable<base::Result<void>> flush() {
    if (entries_.empty()) co_return base::Result<void>();
    co_await context_.clock.sleep_until(pace_.limited() ? pace_.when(1, context_.clock.steady_now())
                                                        : base::SteadyPoint());
    const std::size_t count = entries_.size();
    const auto sent =
        co_await send_all(context_, std::exchange(entries_, {}), imported_.possibly_twice);
    bytes_ = 0;
    if (!sent) co_return sent.error();
    pace_.took(count);
    imported_.sent += count;
    co_return base::Result<void>();
  }

 private:
  bool same_group(const std::string& group) const {
    for (const aws::SendOptions& entry : entries_) {
      if (entry.group_id == group) return true;
    }
    return false;
  }

  Context context_;
  const ImportOptions& options_;
  Imported& imported_;
  Targets targets_;
  Pace pace_;
  std::vector<aws::SendOptions> entries_;
  std::size_t bytes_ = 0;
};

}  // namespace

awaitable<base::Result<Imported>> import_letters(Context context, LineSource source,
                                                 ImportOptions options, const Stop& stop) {
  const auto lines = verify(source);
  if (!lines) co_return lines.error();
  Imported imported;
  imported.lines = *lines;
  Sender sender(context, options, imported);
  std::string line;
  for (std::size_t number = 1; source.next_line(line) && !stop.requested(); ++number) {
    if (number <= options.skip) continue;
    const auto added = co_await sender.add(line);
    if (!added) {
      imported.error =
          added.error().while_doing(fmt::format("importing line {} or one just before", number));
      co_return imported;
    }
  }
  const auto sent = co_await sender.flush();
  if (!sent) imported.error = sent.error().while_doing("importing the last lines");
  co_return imported;
}

}  // namespace dlq
