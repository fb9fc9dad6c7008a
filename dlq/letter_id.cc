#include "dlq/letter_id.h"

#include "aws/sha256.h"

#include <algorithm>

namespace dlq {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::optional<LetterId> letter_id_of_hex(std::string_view digits) {
  LetterId id{};
  if (digits.size() != 2 * id.size()) return std::nullopt;
  for (std::size_t i = 0; i < id.size(); ++i) {
    const int high = digit(digits[2 * i]);
    const int low = digit(digits[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.at(i) = static_cast<unsigned char>(high * 16 + low);
  }
  return id;
}

LetterId letter_id(std::string_view message_id) {
  constexpr std::size_t kUuid = 36;
  if (message_id.size() == kUuid) {
    std::string digits;
    digits.reserve(32);
    bool uuid = true;
    for (std::size_t i = 0; i < kUuid; ++i) {
      const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
      if (dash) uuid = uuid && message_id[i] == '-';
      if (!dash) digits += message_id[i];
    }
    if (uuid) {
      if (const auto id = letter_id_of_hex(digits)) return *id;
    }
  }
  const aws::Sha256Digest digest = aws::sha256(message_id);
  LetterId id{};
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

std::string to_hex(const LetterId& id) { return aws::to_hex(id); }

}  // namespace dlq
