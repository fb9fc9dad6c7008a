#include "aws/sha256.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <stdexcept>

namespace aws {

namespace {

template <auto Release>
struct Released {
  template <class T>
  void operator()(T* pointer) const {
    Release(pointer);
  }
};

void require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL cannot compute SHA-256");
}

// OpenSSL 3 looks algorithms up by name on every one-shot call; fetched once it is three times
// faster. One per thread because the context holds the state of the computation in progress.
struct Algorithms {
  std::unique_ptr<EVP_MD, Released<EVP_MD_free>> hash{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  std::unique_ptr<EVP_MD_CTX, Released<EVP_MD_CTX_free>> context{EVP_MD_CTX_new()};
  std::unique_ptr<EVP_MAC, Released<EVP_MAC_free>> mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
};

Algorithms& algorithms() {
  thread_local Algorithms instance;
  return instance;
}

}  // namespace

Sha256Digest sha256(std::string_view bytes) {
  const Algorithms& with = algorithms();
  Sha256Digest digest;
  require(with.hash && with.context &&
          EVP_DigestInit_ex2(with.context.get(), with.hash.get(), nullptr) == 1 &&
          EVP_DigestUpdate(with.context.get(), bytes.data(), bytes.size()) == 1 &&
          EVP_DigestFinal_ex(with.context.get(), digest.data(), nullptr) == 1);
  return digest;
}

void append_hex(std::string& out, std::span<const unsigned char> bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const unsigned char byte : bytes) {
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
}

std::string to_hex(std::span<const unsigned char> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  append_hex(text, bytes);
  return text;
}

void KeyedHmac::Free::operator()(evp_mac_ctx_st* context) const { EVP_MAC_CTX_free(context); }

KeyedHmac::KeyedHmac(std::string_view key) : context_(EVP_MAC_CTX_new(algorithms().mac.get())) {
  char name[] = "SHA256";
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0), OSSL_PARAM_construct_end()};
  require(context_ &&
          EVP_MAC_init(context_.get(), reinterpret_cast<const unsigned char*>(key.data()),
                       key.size(), parameters.data()) == 1);
}

Sha256Digest KeyedHmac::digest(std::string_view text) {
  Sha256Digest digest;
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  // Without a key: begins anew with the one it has.
  require(EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1 &&
          EVP_MAC_update(context_.get(), bytes, text.size()) == 1 &&
          EVP_MAC_final(context_.get(), digest.data(), &size, digest.size()) == 1);
  return digest;
}

}  // namespace aws
