// Any bytes as the answer of an AWS call that failed: an Error comes out, with a usable message.
#include "aws/error.h"

#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static constexpr int kStatuses[] = {301, 400, 403, 404, 429, 500, 502, 503};
  const std::string rest(reinterpret_cast<const char*>(data + 2), size - 2);
  base::HttpResponse response;
  response.status = kStatuses[data[0] % 8];
  const auto split = rest.find('\x01');  // what comes before goes into a header
  const bool has_header = split != std::string::npos;
  if (has_header) {
    static constexpr const char* kHeaders[] = {"x-amzn-errortype", "x-amzn-query-error",
                                               "x-amzn-requestid", "content-type"};
    response.headers.push_back({kHeaders[data[1] % 4], rest.substr(0, split)});
  }
  response.body = has_header ? rest.substr(split + 1) : rest;
  const base::Error error = aws::error_from_response("sqs", response);
  const bool sound = !error.message.empty() && error.message.size() <= 512 &&
                     error.message.find('\n') == std::string::npos && !error.code.empty() &&
                     error.code.size() <= 128 && error.request_id.size() <= 128;
  if (!sound) std::abort();
  return 0;
}
