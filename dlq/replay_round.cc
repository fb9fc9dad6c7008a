// Replay, one round: what is in hand is prepared, noted, sent, noted, deleted.
#include "aws/retry.h"
#include "dlq/replay.h"
#include "dlq/together.h"

#include <fmt/format.h>

#include <algorithm>

namespace dlq {

namespace asio = boost::asio;
using asio::awaitable;

namespace {

constexpr base::Duration kMargin{1'000};  // a message that is ours for less is not sent
constexpr std::size_t kSendsMax = 10;     // side by side

// Nobody knows whether SQS has taken the batch.
bool is_unsure(const base::Error& error) {
  return error.kind == base::ErrorKind::kRetry && error.code != "ConnectError";
}

}  // namespace

awaitable<base::Result<void>> Replay::round(std::size_t count) {
  Items items;
  for (; count > 0 && !in_hand_.empty(); --count) {
    Item item = std::move(in_hand_.front());
    in_hand_.pop_front();
    if (!walk_.holds(item.id, kMargin)) {
      lose(item);
      continue;
    }
    if (co_await prepare(item)) items.push_back(std::move(item));
  }
  if (items.empty()) co_return base::Result<void>();
  if (options_.dry_run) {
    for (const Item& item : items) {
      walk_.keep(item.id);
      ++summary_.sent;  // what would be
    }
    co_return base::Result<void>();
  }
  // Who may send but not delete would make a copy of everything.
  if (!may_erase_) {
    const auto may = co_await walk_.may_erase();
    if (!may) co_return may.error().while_doing("queue '" + summary_.queue + "'");
    may_erase_ = true;
  }
  std::vector<LetterId> ids;
  for (const Item& item : items) ids.push_back(item.id);
  const auto noted = checkpoint_.about_to_send(ids);
  if (!noted) co_return noted.error();
  const auto twice = note_what_is_sent_again(items);
  if (!twice) co_return twice.error();
  const auto sent = co_await send_all(items);
  const auto unsure = note_what_stays_unsure(items);
  std::erase_if(items, [](const Item& item) { return !item.sent; });
  pace_.took(items.size());
  const auto ended = checkpoint_.round_ended();
  ids.clear();
  for (const Item& item : items) ids.push_back(item.id);
  co_await settle(std::move(ids));
  if (!sent) co_return sent.error();
  if (const auto& denied = walk_.erase_denied()) {
    co_return denied->while_doing("queue '" + summary_.queue + "'");
  }
  if (!unsure) co_return unsure.error();
  co_return ended;
}

// Of the run that was cut off nobody knows whether these were sent. Noted before they are sent, so
// that being cut off once more counts them once more.
base::Result<void> Replay::note_what_is_sent_again(const Items& items) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (uncertain_.erase(items[i].id) > 0) positions.push_back(i);
  }
  summary_.possibly_twice += positions.size();
  return checkpoint_.unsure(positions);
}

// A FIFO queue knows a message for five minutes, so that sending it again at once makes no second
// one. What was not sent again in this round may come too late for that.
base::Result<void> Replay::note_what_stays_unsure(const Items& items) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].unsure && !items[i].sent) positions.push_back(i);
  }
  summary_.possibly_twice += positions.size();
  return checkpoint_.unsure(positions);
}

// False if it cannot be sent.
awaitable<bool> Replay::prepare(Item& item) {
  auto target = co_await targets_.find(item.letter);
  if (!target) {
    give_up(item, target.error().to_string(), summary_.no_target);
    co_return false;
  }
  item.target = std::move(*target);
  const std::string& group = item.message.group_id;
  item.send =
      make_resend(item.message, item.letter, {summary_.run, item.target.url, item.target.fifo});
  if (item.target.fifo && stopped_groups_.contains({item.target.url.value, item.send.group_id})) {
    give_up(item, "behind a message of its group (" + group + ") that could not be sent",
            summary_.failed);
    co_return false;
  }
  const auto edited = co_await edit(item);
  if (!edited) {
    give_up(item, edited.error().to_string(), summary_.failed);
    co_return false;
  }
  count(summary_.by_target, queue_name(item.target.url.value));
  co_return true;
}

awaitable<base::Result<void>> Replay::edit(Item& item) {
  if (!options_.edit.empty()) {
    auto body = options_.edit.apply(item.send.body);
    if (!body) co_return body.error();
    item.send.body = std::move(*body);
  }
  if (options_.edit_command && !options_.dry_run) {
    const auto answer = co_await options_.edit_command(edit_input(item.send));
    if (!answer) co_return answer.error();
    const auto taken = take_edited(item.send, *answer);
    if (!taken) co_return taken.error();
  }
  const auto too_much = [&item] {
    return item.send.attributes.size() > aws::kSqsMessageAttributesMax ||
           aws::sqs_bytes(item.send.body, item.send.attributes) > aws::kSqsBytesMax;
  };
  if (too_much()) take_mark_off(item.send);
  if (too_much()) co_return base::invalid("longer than SQS's 1 MiB after the edit");
  co_return base::Result<void>();
}

// Its visibility ended before it was sent: it comes again, and those behind it in its group, which
// must not overtake it, with it.
void Replay::lose(Item& item) {
  item.given_up = true;
  walk_.forget(item.id);
  --summary_.matched;
  if (item.message.group_id.empty()) return;
  std::erase_if(in_hand_, [&](const Item& behind) {
    if (behind.message.group_id != item.message.group_id) return false;
    walk_.forget(behind.id);
    --summary_.matched;
    return true;
  });
}

void Replay::give_up(Item& item, const std::string& why, std::size_t& counter) {
  item.given_up = true;
  walk_.keep(item.id);
  ++counter;
  add_problem(summary_, why);
  // Those behind it must not overtake it.
  if (item.target.fifo) stopped_groups_.emplace(item.target.url.value, item.send.group_id);
}

std::vector<std::vector<std::size_t>> Replay::next_batches(const Items& items) const {
  std::vector<Parcel> parcels;
  parcels.reserve(items.size());
  for (const Item& item : items) {
    parcels.push_back(
        {item.target.url.value, item.target.fifo ? item.send.group_id : std::string(),
         item.alone ? aws::kSqsBytesMax : aws::sqs_bytes(item.send.body, item.send.attributes),
         !item.sent && !item.given_up});
  }
  auto batches = pack(parcels);
  if (batches.size() > kSendsMax) batches.resize(kSendsMax);
  return batches;
}

awaitable<base::Result<void>> Replay::send_all(Items& items) {
  int attempt = 0;
  std::set<std::string> lost;  // groups
  while (true) {
    for (Item& item : items) {
      if (item.sent || item.given_up) continue;
      const bool behind =
          item.target.fifo && stopped_groups_.contains({item.target.url.value, item.send.group_id});
      if (behind) {
        give_up(item, "behind a message of its group that could not be sent", summary_.failed);
      } else if (lost.contains(item.message.group_id) || !walk_.holds(item.id, kMargin)) {
        if (!item.message.group_id.empty()) lost.insert(item.message.group_id);
        lose(item);
      }
    }
    const auto batches = next_batches(items);
    if (batches.empty()) co_return base::Result<void>();
    std::optional<base::Error> fatal;
    int passing = 0;
    std::vector<awaitable<void>> tasks;
    for (const auto& batch : batches) tasks.push_back(send_batch(items, batch, fatal, passing));
    co_await together(std::move(tasks));
    if (fatal) co_return *fatal;
    if (passing == 0) {
      attempt = 0;
      continue;
    }
    if (stop_.requested()) co_return base::Result<void>();
    attempt = std::min(attempt + 1, kTries);
    const base::Error slow{base::ErrorKind::kThrottled, {}, {}, {}};
    aws::RetryPolicy policy;
    policy.throttled_base = base::Duration(200);
    co_await context_.clock.sleep_for(aws::retry_delay(policy, slow, attempt, context_.random));
  }
}

awaitable<void> Replay::send_batch(Items& items, std::vector<std::size_t> positions,
                                   std::optional<base::Error>& fatal, int& passing) {
  std::vector<aws::SendOptions> entries;
  for (const std::size_t position : positions) entries.push_back(items[position].send);
  const bool deduplicated = items[positions.front()].target.fifo;
  const std::string queue = queue_name(items[positions.front()].target.url.value);
  const auto results = co_await context_.sqs.send_message_batch(std::move(entries));
  std::vector<std::size_t> sent;
  std::vector<std::size_t> unsure;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    Item& item = items[positions[i]];
    if (results && (*results)[i]) {
      item.sent = true;
      ++summary_.sent;
      sent_.insert(item.id);
      produced_.insert(letter_id(*(*results)[i]));
      sent.push_back(positions[i]);
      continue;
    }
    const base::Error error = results ? (*results)[i].error() : results.error();
    if (!results && error.kind == base::ErrorKind::kDenied) {
      fatal = error.while_doing("sending to queue '" + queue + "'");
      continue;
    }
    if (error.is_transient()) ++passing;
    const bool nobody_knows = results ? error.code == "MissingBatchEntry" : is_unsure(error);
    if (nobody_knows && !deduplicated) unsure.push_back(positions[i]);
    item.unsure = item.unsure || (nobody_knows && deduplicated);
    one_failed(items, positions[i], error);
    if (!results && error.is_transient() && item.given_up) {
      fatal = error.while_doing("sending to queue '" + queue + "'");
    }
  }
  summary_.possibly_twice += unsure.size();
  const auto noted_unsure = checkpoint_.unsure(unsure);
  const auto noted = checkpoint_.sent(sent);
  if (!noted_unsure) fatal = noted_unsure.error();
  if (!noted) fatal = noted.error();
}

void Replay::one_failed(Items& items, std::size_t position, const base::Error& error) {
  Item& item = items[position];
  ++item.tries;
  if (error.is_transient() && item.tries < kTries) return;
  // Perhaps it is ours alone that the target does not take.
  if (!error.is_transient() && !item.alone) {
    item.alone = true;
    take_mark_off(item.send);
    return;
  }
  give_up(item, fmt::format("message {}: {}", item.message.message_id, error.to_string()),
          summary_.failed);
}

}  // namespace dlq
