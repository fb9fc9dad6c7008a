#include "consumers/recycle/notify/http_receipt.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace consumers::recycle {
namespace {

base::Duration retry_after(const base::HttpResponse& response) {
  const auto header = base::find_header(response.headers, "retry-after");
  long long seconds = 0;
  if (!header ||
      std::from_chars(header->data(), header->data() + header->size(), seconds).ec != std::errc() ||
      seconds < 0) {
    return base::Duration(0);
  }
  return std::min<base::Duration>(std::chrono::seconds(std::min(seconds, 100'000LL)),
                                  kRetryAfterMax);
}

}  // namespace

Receipt receipt_of(const base::Result<base::HttpResponse>& response) {
  if (!response) {
    const base::Error error = response.error();
    const auto fate = error.is_transient() ? Receipt::Fate::kAgain : Receipt::Fate::kRefused;
    // The code alone: a message may name the address, and ours may hold a token.
    return {fate, base::Duration(0), error.code};
  }
  const int status = response->status;
  if (status >= 200 && status < 300) return {};
  const bool again = status == 408 || status == 429 || status >= 500 || status < 100;
  return {again ? Receipt::Fate::kAgain : Receipt::Fate::kRefused,
          again ? retry_after(*response) : base::Duration(0), fmt::format("status {}", status)};
}

}  // namespace consumers::recycle
