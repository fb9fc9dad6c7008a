// Oracle: watches SQS, the wire and the consumers, and says what must never happen.
//
// It knows nothing of the runtime's insides. What the runtime may know of a message's visibility is
// derived from the answers that reached it: the last receive or extension that succeeded, counted
// from the moment when its request was sent.
#pragma once

#include "sim/sqs_watcher.h"
#include "tests/soak/ledger.h"
#include "tests/soak/timeline.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace soak {

class Oracle final : public sim::SqsWatcher {
 public:
  struct Stats {
    std::uint64_t stored = 0, received = 0, deleted = 0, buried = 0, dead_letters = 0;
    std::uint64_t begun = 0, cancelled = 0, lost = 0, kills = 0, stale_deletes = 0;
  };

  Oracle(Ledger& ledger, base::Clock& clock);

  // SQS.
  void on_stored(const std::string& queue, const sim::StoredMessage&) override;
  void on_received(const std::string& queue, const sim::StoredMessage&) override;
  void on_visibility(const std::string& queue, const sim::StoredMessage&) override;
  void on_visible(const std::string& queue, const sim::StoredMessage&) override;
  void on_deleted(const std::string& queue, const sim::StoredMessage&) override;
  void on_not_deleted(const std::string& queue, const std::string& handle) override;
  void on_expired(const std::string& queue, const sim::StoredMessage&) override;
  void on_buried(const std::string& queue, const sim::StoredMessage&) override;

  // The wire, of requests that left a live worker and of what reached it. `sent`: when the request
  // left. A success carries the visibility that was asked for.
  void received(int worker, const std::string& message_id, const std::string& handle, int receive,
                base::SteadyPoint sent, base::Duration visibility);
  void hides(int worker, const std::string& handle, base::Duration visibility);
  void hid(int worker, const std::string& handle, base::SteadyPoint sent,
           base::Duration visibility);
  void not_hid(const std::string& handle);  // or nobody knows
  void handle_refused(int worker, const std::string& handle);
  void deletes(int worker, const std::string& handle);
  // `known`: the answer reached the worker; else whether it was deleted is anybody's guess.
  void delete_answered(int worker, const std::string& handle, bool ok, bool known);
  // One entry of a batch failed, by SQS's fault: to be tried again while there is time.
  void delete_failed(int worker, const std::string& handle);

  // Consumers.
  void begins(int worker, const std::string& message_id, int receive);
  // `cancelled`: it says so although it was cancelled.
  void ends(int worker, const std::string& message_id, int receive, What verdict,
            bool cancelled = false);

  void killed(int worker);
  // It was asked to end: what it does not finish any more comes back.
  void drains(int worker) { draining_.insert(worker); }
  // It has ended: what it had not begun, or was cancelled, was given back or sent on; what it had
  // finished was deleted, or that was tried.
  void drained(int worker);

  // Everything that was sent has ended, and nothing is in the queues or being worked on.
  bool is_settled() const { return open_ == 0; }
  std::size_t unsettled() const { return open_; }
  // Called once, when the run is over.
  void conclude();
  // A rule of the scenario's own was broken.
  void blame(const std::string& rule, const std::string& text);

  const std::vector<std::string>& violations() const { return violations_; }
  const Stats& stats() const { return stats_; }
  Timeline& timeline() { return timeline_; }

 private:
  // After an extension that may have failed, a worker may know less of its visibility than we do:
  // it counts a repeated extension from its first attempt, and gives the message up earlier.
  static constexpr base::Duration kDoubted{60'000};

  enum class Delete : std::uint8_t { kNone, kFlying, kDone, kFailed, kUnknown };
  struct Delivery {  // one receive of one message, as its worker knows it
    int worker = -1;
    std::string handle;
    base::SteadyPoint until{};                    // when the worker must take it for lost
    int hides = 0;                                // requests under way that hide it
    std::optional<base::SteadyPoint> not_hid_at;  // the last time
    base::SteadyPoint refused_at = base::SteadyPoint::max();
    Delete deletion = Delete::kNone;
    bool running = false;
    bool begun = false;
    bool retried = false;   // it ended with anything but Done or a cancellation
    bool returned = false;  // asked for visibility 0
    bool given_up = false;  // or perhaps: its visibility was renewed at the moment when it ended
    base::SteadyPoint failed_at =
        base::SteadyPoint::min();  // SQS's own fault: when the worker heard of it
  };
  struct Copy {  // one message in one queue; the same serial may have several
    Serial serial = 0;
    std::string queue;
    std::string id;
    std::string group;  // FIFO
    std::uint64_t number = 0;
    bool done = false;    // a consumer said so
    bool dead = false;    // its letter is in the dead-letter queue
    bool copied = false;  // another message with this body was stored after it was received
    bool gone = false;
    int running = 0;
    base::SteadyPoint gone_at{};
    std::map<int, Delivery> deliveries;  // by receive count
  };
  using CopyPtr = std::shared_ptr<Copy>;
  struct HandleRef {
    CopyPtr copy;
    int receive = 0;
  };

  base::Duration now() const;
  void note(const Copy& copy, What what, int worker = -1, int receive = 0, std::int64_t detail = 0);
  void accuse(const Copy& copy, const std::string& rule);
  HandleRef find(const std::string& handle) const;
  void check_failed_deletes(const Copy& copy);
  bool is_forgotten(const Copy& copy, const Delivery& delivery) const;
  void check_lanes(const Copy& copy, int receive);
  bool may_be_deleted(const Copy& copy) const;
  void leave(const CopyPtr& copy);
  void retire();
  void refresh(Serial serial);

  Ledger& ledger_;
  base::Clock& clock_;
  base::SteadyPoint begun_;
  Timeline timeline_;
  Stats stats_;
  std::unordered_map<std::string, CopyPtr> copies_;  // by message id
  std::unordered_map<std::string, HandleRef> handles_;
  std::map<std::string, std::map<std::uint64_t, CopyPtr>> groups_;  // FIFO, live, in order
  std::unordered_map<Serial, std::vector<std::weak_ptr<Copy>>> by_serial_;
  std::deque<CopyPtr> retired_;
  std::set<int> killed_;
  std::set<int> draining_;
  std::size_t open_ = 0;
  std::size_t found_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace soak
