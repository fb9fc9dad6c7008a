// Random: the one source of randomness, seeded, so that a run can be repeated.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace base {

class Random {
 public:
  explicit Random(std::uint64_t seed) : seed_(seed), engine_(seed) {}
  // Seeded by the operating system; log seed() where a run should be repeatable.
  static Random from_entropy();

  std::uint64_t seed() const { return seed_; }
  double uniform();                        // [0, 1)
  std::int64_t below(std::int64_t bound);  // [0, bound), bound > 0
  bool chance(double probability);         // true with this probability
  std::string uuid();                      // version 4
  std::string hex(std::size_t digits);     // lower case

 private:
  std::uint64_t seed_;
  std::mt19937_64 engine_;
};

}  // namespace base
