// Ledger: every message that the soak sends, by a serial number that its body carries, with what
// is to become of it.
#pragma once

#include "base/clock.h"
#include "base/random.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace soak {

using Serial = std::uint32_t;

// What its consumer does with it.
enum class Plan : std::uint8_t {
  kQuick,       // Done at once
  kShort,       // Done after a while
  kLong,        // Done after several visibility timeouts; the consumer that is handed over
  kFails,       // Retry `times` times, then Done
  kThrows,      // an exception `times` times, then Done
  kDefers,      // Defer `times` times, then Done
  kDeaf,        // works for a while; says Done even when it is cancelled
  kForwards,    // Done, after another message was sent
  kPoison,      // Poison
  kGarbage,     // cannot be decoded
  kUnroutable,  // no consumer takes it
  kIgnored,     // well formed, nothing to do
};
std::string_view name_of(Plan plan);

struct Message {
  Plan plan = Plan::kQuick;
  std::uint8_t times = 0;  // failures still to come
  base::Duration work{0};
  Serial forward = 0;         // kForwards: what is sent
  std::uint32_t handled = 0;  // consumers that said Done (or Poison) to it
  bool ignored = false;       // kIgnored: received and deleted
  bool stored = false;        // SQS has taken it
  bool dead = false;          // in a dead-letter queue
  bool open = false;          // in a queue, or not ended
  std::uint16_t alive = 0;    // copies in the queues

  bool goes_to_dead_letters() const {
    return plan == Plan::kPoison || plan == Plan::kGarbage || plan == Plan::kUnroutable;
  }
  bool has_ended() const { return dead || ignored || (handled > 0 && !goes_to_dead_letters()); }
};

class Ledger {
 public:
  struct Mix {  // shares of the plans; what is left is kQuick
    double brief = 0.10, lengthy = 0.004, fails = 0.01, throws = 0.005, defers = 0.004;
    double deaf = 0.004, forwards = 0.01, poison = 0.003, garbage = 0.003, unroutable = 0.002;
    double ignored = 0.05;
  };

  // A new message. kForwards adds the message to be sent, too (the serial after it).
  Serial add(const Mix& mix, base::Random& random);
  Serial add(Plan plan, base::Duration work = base::Duration(0), int times = 0);

  Message& at(Serial serial) { return messages_.at(serial); }
  const Message& at(Serial serial) const { return messages_.at(serial); }
  std::size_t size() const { return messages_.size(); }

  std::string body_of(Serial serial) const;
  // The serial in a body (or a group's name) of ours.
  static std::optional<Serial> serial_of(std::string_view body);

 private:
  std::vector<Message> messages_;
};

}  // namespace soak
