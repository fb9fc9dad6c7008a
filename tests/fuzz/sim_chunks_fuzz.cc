// Any bytes as an upload in chunks: put together or refused, never longer than what came in.
#include "sim/s3_rest.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  std::vector<base::Header> trailers;
  const auto joined = sim::join_aws_chunks(body, trailers);
  if (joined && joined->size() > body.size()) std::abort();
  return 0;
}
