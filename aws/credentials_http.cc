#include "aws/credentials_http.h"

#include "aws/retry.h"

#include <fmt/format.h>

namespace aws {

namespace {

constexpr std::size_t kAnswerBytesMax = 64U << 10U;
constexpr RetryPolicy kPolicy{.transient_base = base::Duration(200)};

}  // namespace

boost::asio::awaitable<base::Result<base::HttpResponse>> fetch(SharedSetup setup,
                                                               base::HttpRequest request,
                                                               FetchOptions options) {
  HttpOptions http;
  http.timeout = options.timeout;
  http.body_bytes_max = kAnswerBytesMax;
  for (int attempt = 1;; ++attempt) {
    auto response = co_await setup->http.send(request, http);
    const bool busy = response && (response->status == 429 || response->status >= 500);
    const bool failed = !response && response.error().is_transient();
    if ((!busy && !failed) || attempt >= options.attempts) co_return response;
    const base::Error error{base::ErrorKind::kRetry, "Transient", {}, {}};
    co_await setup->clock.sleep_for(retry_delay(kPolicy, error, attempt, setup->random));
  }
}

}  // namespace aws
