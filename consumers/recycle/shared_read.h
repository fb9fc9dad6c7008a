// SharedRead: many readers, few calls. Those who ask at about the same time are answered by one
// call; each says how old the look may be that answers it.
//
// Nothing runs by itself: the first of those who wait makes the call, for all of them. If it is
// cancelled the next one takes over, and nobody else notices. One thread.
#pragma once

#include "base/alarm.h"
#include "base/clock.h"
#include "base/result.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace consumers::recycle {

template <class Key, class Value>
class SharedRead {
 public:
  using Found = std::map<Key, base::Result<Value>>;
  // Answers every key; the keys are different ones, at most keys_per_call.
  using Fetch = std::function<boost::asio::awaitable<Found>(std::vector<Key>)>;

  struct Options {
    std::size_t keys_per_call = 100;
    std::size_t calls_max = 2;  // at the same time
    // How long the first one waits for others to come along; less once a call is full.
    std::function<base::Duration()> gather = [] { return base::Duration(0); };
    base::Duration keep{0};  // how long an answer may serve those who accept an old one
  };
  static constexpr std::size_t kKeptMax = 10'000;

  SharedRead(base::Clock& clock, Options options, Fetch fetch)
      : clock_(clock), options_(std::move(options)), fetch_(std::move(fetch)) {}

  // From a look that began later than `after`.
  boost::asio::awaitable<base::Result<Value>> read(Key key, base::SteadyPoint after) {
    if (const auto kept = kept_.find(key); kept != kept_.end() && kept->second.at > after) {
      co_return kept->second.value;
    }
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto ticket = std::make_shared<Ticket>(std::move(key), executor, clock_);
    const OnLeave leave([this, ticket] { forget(ticket); });
    if (!join_call(ticket, after)) enqueue(ticket);
    while (!ticket->answer) {
      if (leads(ticket))
        co_await lead(ticket);
      else
        co_await ticket->woken.wait();
    }
    co_return std::move(*ticket->answer);
  }

  // What was kept of `key` serves nobody any more.
  template <class Predicate>
  void forget_if(Predicate predicate) {
    std::erase_if(kept_, [&](const auto& entry) { return predicate(entry.first); });
  }

  std::size_t calls() const { return calls_made_; }

 private:
  struct Ticket {
    Ticket(Key its_key, const boost::asio::any_io_executor& executor, base::Clock& clock)
        : key(std::move(its_key)), woken(executor, clock) {}
    Key key;
    base::Alarm woken;
    std::optional<base::Result<Value>> answer;
  };
  using TicketPtr = std::shared_ptr<Ticket>;
  struct Call {
    base::SteadyPoint begun;
    std::map<Key, std::vector<TicketPtr>> tickets;
  };
  struct Kept {
    base::SteadyPoint at;
    base::Result<Value> value;
  };
  class OnLeave {
   public:
    explicit OnLeave(std::function<void()> action) : action_(std::move(action)) {}
    ~OnLeave() { action_(); }
    OnLeave(const OnLeave&) = delete;
    OnLeave& operator=(const OnLeave&) = delete;

   private:
    std::function<void()> action_;
  };

  bool join_call(const TicketPtr& ticket, base::SteadyPoint after) {
    for (Call& call : calls_) {
      const auto same = call.tickets.find(ticket->key);
      if (call.begun <= after || same == call.tickets.end()) continue;
      same->second.push_back(ticket);
      return true;
    }
    return false;
  }

  void enqueue(const TicketPtr& ticket) {
    waiting_.push_back(ticket);
    if (leader_ != nullptr && waiting_.size() >= options_.keys_per_call) leader_->woken.ring();
  }

  bool leads(const TicketPtr& ticket) const {
    return leader_ == nullptr && calls_.size() < options_.calls_max && !waiting_.empty() &&
           waiting_.front() == ticket;
  }

  void wake_next() {
    if (!waiting_.empty()) waiting_.front()->woken.ring();
  }

  void forget(const TicketPtr& ticket) {
    if (std::erase(waiting_, ticket) > 0) wake_next();
  }

  boost::asio::awaitable<void> lead(TicketPtr self) {
    {
      leader_ = self.get();
      const OnLeave leave([this] { leader_ = nullptr; });
      const base::SteadyPoint full_by = clock_.steady_now() + options_.gather();
      while (waiting_.size() < options_.keys_per_call && clock_.steady_now() < full_by) {
        co_await self->woken.wait_until(full_by);
      }
    }
    const auto call = depart();
    const OnLeave leave([this, call] { end(call); });
    wake_next();
    ++calls_made_;
    std::vector<Key> keys;
    keys.reserve(call->tickets.size());
    for (const auto& [key, tickets] : call->tickets) keys.push_back(key);
    land(*call, co_await fetch_(std::move(keys)));
  }

  typename std::list<Call>::iterator depart() {
    const auto call = calls_.insert(calls_.end(), Call{clock_.steady_now(), {}});
    while (!waiting_.empty()) {
      TicketPtr& next = waiting_.front();
      if (call->tickets.size() >= options_.keys_per_call && !call->tickets.contains(next->key)) {
        break;
      }
      call->tickets[next->key].push_back(next);
      waiting_.pop_front();
    }
    return call;
  }

  void land(Call& call, Found found) {
    for (auto& [key, value] : found) {
      const auto asked = call.tickets.find(key);
      if (asked == call.tickets.end()) continue;
      if (options_.keep > base::Duration(0) && value) keep(key, call.begun, value);
      std::vector<TicketPtr>& tickets = asked->second;
      for (std::size_t i = 0; i < tickets.size(); ++i) {
        if (i + 1 == tickets.size())
          tickets[i]->answer.emplace(std::move(value));
        else
          tickets[i]->answer.emplace(value);
        tickets[i]->woken.ring();
      }
      call.tickets.erase(asked);
    }
  }

  // Whoever has no answer (the one that made the call was cancelled) comes first in the next call.
  void end(typename std::list<Call>::iterator call) {
    for (auto& [key, tickets] : call->tickets) {
      for (TicketPtr& ticket : tickets) {
        if (ticket.use_count() > 1) waiting_.push_front(std::move(ticket));
      }
    }
    calls_.erase(call);
    wake_next();
  }

  void keep(const Key& key, base::SteadyPoint at, const base::Result<Value>& value) {
    if (kept_.size() >= kKeptMax) {
      std::erase_if(kept_, [&](const auto& old) { return old.second.at + options_.keep < at; });
      if (kept_.size() >= kKeptMax) kept_.clear();
    }
    kept_.insert_or_assign(key, Kept{at, value});
  }

  base::Clock& clock_;
  Options options_;
  Fetch fetch_;
  std::deque<TicketPtr> waiting_;
  std::list<Call> calls_;
  Ticket* leader_ = nullptr;  // gathers
  std::map<Key, Kept> kept_;
  std::size_t calls_made_ = 0;
};

}  // namespace consumers::recycle
