// HttpClient: sends one HTTP request. The seam between aws/ and the world.
//
// CurlHttpClient (aws/curl_http_client.h) is the real one; tests put the simulated region behind
// it.
#pragma once

#include "base/clock.h"
#include "base/http.h"
#include "base/result.h"

#include <boost/asio/awaitable.hpp>

namespace aws {

struct HttpOptions {
  base::Duration timeout{15'000};  // whole exchange, from the call to the last byte
  // For calls that must not be sent twice: libcurl repeats a POST by itself when a kept-alive
  // connection dies before the first byte of the answer, but never on a fresh connection.
  bool fresh_connection = false;
  // False: over a kept-alive connection all the same, but when that dies before the answer the
  // request is not sent again on another one: "NetworkError", for callers who count themselves what
  // may have been done twice.
  bool resend = true;
  std::size_t body_bytes_max = 16U << 20U;  // a longer answer is an error
  // False: the headers of an answer 2xx may be left out.
  bool success_headers = true;
  // True: never through a proxy, whatever the environment says.
  bool direct = false;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Any HTTP status is a success here. Errors: kRetry for what the network did (code
  // "ConnectError", "Timeout", "TlsError" is kFatal ...). Cancelling the calling coroutine aborts
  // the exchange and throws system_error(operation_aborted).
  virtual boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::HttpRequest request,
                                                                        HttpOptions options) = 0;
};

}  // namespace aws
