// CurlHttpClient: the real HttpClient, libcurl's multi interface driven by Asio.
//
// One per thread; everything happens on `executor`, which outlives it. Connections are kept alive
// and reused. TLS is always verified. Proxies come from the environment as libcurl reads it, but
// never for loopback and link-local addresses. Destroying it aborts what is in flight
// (operation_aborted).
#pragma once

#include "aws/environment.h"
#include "aws/http_client.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <vector>

namespace aws {

struct CurlOptions {
  base::Duration connect_timeout{3'000};  // name look-up, TCP and TLS together
  std::string ca_bundle;                  // PEM file; empty: the system's own
  // True: kDenied "AddressRefused", before anything is sent, where the host turns out to be at an
  // address that is not routable (aws/address.h), unless `hosts_allowed` has it, as "host" or
  // "host:port". For URLs that somebody else names. No proxy is used then.
  bool routable_only = false;
  std::vector<std::string> hosts_allowed = {};
};

// AWS_CA_BUNDLE.
CurlOptions curl_options(const Environment& environment);

class CurlHttpClient final : public HttpClient {
 public:
  // Errors: kFatal when libcurl cannot be set up.
  static base::Result<std::unique_ptr<CurlHttpClient>> create(boost::asio::any_io_executor executor,
                                                              CurlOptions options = {});
  ~CurlHttpClient() override;

  // Error codes: "ConnectError" (nothing was sent yet), "Timeout", "NetworkError": kRetry;
  // "TlsError", "BodyTooLarge": kFatal; "InvalidRequest": kInvalid. Messages name the host and what
  // happened, never headers or bodies.
  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::HttpRequest request,
                                                                HttpOptions options) override;

 private:
  struct Impl;
  explicit CurlHttpClient(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace aws
