// Small requests to the services that hand out credentials: unsigned, short, bounded.
#pragma once

#include "aws/credentials_source.h"

namespace aws {

struct FetchOptions {
  base::Duration timeout = std::chrono::seconds(2);  // of one attempt
  int attempts = 3;
};

// Answers of 429 and 5xx and what the network did are tried again, with the SDKs' back-off. The
// last attempt's answer, whatever its status. Errors: as HttpClient::send().
boost::asio::awaitable<base::Result<base::HttpResponse>> fetch(SharedSetup setup,
                                                               base::HttpRequest request,
                                                               FetchOptions options);

}  // namespace aws
