#include "base/random.h"

namespace base {

Random Random::from_entropy() {
  std::random_device device;
  return Random((std::uint64_t{device()} << 32U) | device());
}

double Random::uniform() { return std::uniform_real_distribution<double>(0.0, 1.0)(engine_); }

std::int64_t Random::below(std::int64_t bound) {
  return std::uniform_int_distribution<std::int64_t>(0, bound - 1)(engine_);
}

bool Random::chance(double probability) { return uniform() < probability; }

std::string Random::hex(std::size_t digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(digits, '0');
  for (char& c : text) c = kDigits[below(16)];
  return text;
}

std::string Random::uuid() {
  std::string text = hex(36);
  for (std::size_t dash : {8U, 13U, 18U, 23U}) text[dash] = '-';
  text[14] = '4';
  text[19] = "89ab"[below(4)];
  return text;
}

}  // namespace base
