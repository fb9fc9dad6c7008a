#include "aws/digest.h"

#include "aws/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace aws {

std::string sha256_hex(std::string_view text) { return to_hex(sha256(text)); }

std::string md5_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL cannot compute MD5");
  }
  return to_hex({digest.data(), size});
}

}  // namespace aws
