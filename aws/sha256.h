// SHA-256 and HMAC-SHA-256 by OpenSSL, without the look-ups that its one-shot calls do every time.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_mac_ctx_st;

namespace aws {

using Sha256Digest = std::array<unsigned char, 32>;

Sha256Digest sha256(std::string_view bytes);
std::string to_hex(std::span<const unsigned char> bytes);
void append_hex(std::string& out, std::span<const unsigned char> bytes);

// HMAC-SHA-256 with a key that is used more than once. The key is inside OpenSSL, which wipes it
// when this goes.
class KeyedHmac {
 public:
  explicit KeyedHmac(std::string_view key);
  Sha256Digest digest(std::string_view text);

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const;
  };
  std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

}  // namespace aws
