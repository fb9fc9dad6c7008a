#include "aws/curl_transfer.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace aws {

namespace {

constexpr std::size_t kHeaderBytesMax = 256U << 10U;
// AWS closes idle connections after a while without telling; older ones are not worth the gamble.
constexpr long kIdleSecondsMax = 50;
// Connections are renewed so that a poller follows when an endpoint's addresses change.
constexpr long kLifetimeSecondsMax = 600;
constexpr long kKeepAliveSeconds = 30;

using base::ErrorKind;

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string host_in(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  const auto user = url.rfind('@');
  if (user != std::string_view::npos) url.remove_prefix(user + 1);
  if (url.starts_with('[')) return std::string(url.substr(0, url.find(']') + 1));
  return std::string(url.substr(0, url.find(':')));
}

// Addresses that a proxy could only get wrong: this machine, and the link-local metadata service.
bool is_local(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         host.starts_with("127.") || host.starts_with("169.254.");
}

// Sets options one after the other and keeps the first refusal.
class Setter {
 public:
  explicit Setter(CURL* easy) : easy_(easy) {}

  template <class Value>
  void operator()(CURLoption option, Value value) {
    if (code_ != CURLE_OK) return;
    code_ = curl_easy_setopt(easy_, option, value);
    option_ = option;
  }

  base::Result<void> result() const {
    if (code_ == CURLE_OK) return {};
    return base::fatal(fmt::format("libcurl refused option {}: {}", static_cast<int>(option_),
                                   curl_easy_strerror(code_)));
  }

 private:
  CURL* easy_;
  CURLcode code_ = CURLE_OK;
  CURLoption option_{};
};

void set_method(Setter& set, const base::HttpRequest& request) {
  const bool has_body = !request.body.empty() || request.method == "POST" ||
                        request.method == "PUT" || request.method == "PATCH";
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
    return;
  }
  if (has_body) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data());
  } else {
    set(CURLOPT_HTTPGET, 1L);
  }
  if (request.method != (has_body ? "POST" : "GET")) {
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

void set_connection(Setter& set, const HttpOptions& options, const CurlOptions& client) {
  const long timeout = std::max<long>(1, static_cast<long>(options.timeout.count()));
  const long connect = std::max<long>(1, static_cast<long>(client.connect_timeout.count()));
  set(CURLOPT_TIMEOUT_MS, timeout);
  set(CURLOPT_CONNECTTIMEOUT_MS, std::min(timeout, connect));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds);
  set(CURLOPT_TCP_KEEPINTVL, kKeepAliveSeconds);
  set(CURLOPT_MAXAGE_CONN, kIdleSecondsMax);
  set(CURLOPT_MAXLIFETIME_CONN, kLifetimeSecondsMax);
  set(CURLOPT_FRESH_CONNECT, options.fresh_connection ? 1L : 0L);
}

void set_protocol(Setter& set, const CurlOptions& client, const std::string& host) {
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);  // a signature is for one host only
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!client.ca_bundle.empty()) set(CURLOPT_CAINFO, client.ca_bundle.c_str());
  if (is_local(host)) set(CURLOPT_PROXY, "");
}

bool is_tls_error(CURLcode code) {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_USE_SSL_FAILED:
      return true;
    default:
      return false;
  }
}

bool is_connect_error(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
      return true;
    default:
      return false;
  }
}

}  // namespace

base::Result<void> CurlTransfer::set_headers() {
  bool has_content_type = false;
  std::string line;
  const auto append = [this](const char* text) {
    curl_slist* longer = curl_slist_append(headers_.get(), text);
    if (longer == nullptr) return false;
    static_cast<void>(headers_.release());
    headers_.reset(longer);
    return true;
  };
  for (const base::Header& header : request_.headers) {
    if (has_line_break(header.name) || has_line_break(header.value) || header.name.empty()) {
      return base::Error{ErrorKind::kInvalid,
                         "InvalidRequest",
                         fmt::format("sending to {}: a header holds a line break", host_),
                         {}};
    }
    has_content_type = has_content_type || trim(header.name) == "Content-Type" ||
                       trim(header.name) == "content-type";
    // "Name;" is libcurl's way to send a header without a value.
    line = header.value.empty() ? header.name + ";" : header.name + ": " + header.value;
    if (!append(line.c_str())) return base::fatal("out of memory for request headers");
  }
  // libcurl would wait for "100 Continue" with long bodies, and guess a type for a POST.
  if (!append("Expect:")) return base::fatal("out of memory for request headers");
  if (!has_content_type && !append("Content-Type:")) {
    return base::fatal("out of memory for request headers");
  }
  return {};
}

base::Result<void> CurlTransfer::prepare(EasyHandle easy, const CurlOptions& client,
                                         const SocketHooks& hooks) {
  easy_ = std::move(easy);
  host_ = host_in(request_.url);
  if (host_.empty() || has_line_break(request_.url) || has_line_break(request_.method)) {
    return base::Error{ErrorKind::kInvalid,
                       "InvalidRequest",
                       fmt::format("'{}' is not an absolute http or https URL",
                                   request_.url.substr(0, request_.url.find_first_of("?\r\n"))),
                       {}};
  }
  if (auto ok = set_headers(); !ok) return ok;
  Setter set(easy_.get());
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);  // the path that was signed
  set(CURLOPT_ERRORBUFFER, error_text_);
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_HTTPHEADER, headers_.get());
  set(CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, hooks.open);
  set(CURLOPT_OPENSOCKETDATA, hooks.data);
  set(CURLOPT_CLOSESOCKETFUNCTION, hooks.close);
  set(CURLOPT_CLOSESOCKETDATA, hooks.data);
  set_method(set, request_);
  set_connection(set, options_, client);
  set_protocol(set, client, host_);
  return set.result();
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t bytes = size * count;
  if (transfer.response_.body.size() + bytes > transfer.options_.body_bytes_max) {
    transfer.too_large_ = true;
    return CURL_WRITEFUNC_ERROR;
  }
  transfer.response_.body.append(data, bytes);
  return bytes;
}

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t bytes = size * count;
  transfer.header_bytes_ += bytes;
  if (transfer.header_bytes_ > kHeaderBytesMax) {
    transfer.too_large_ = true;
    return CURL_WRITEFUNC_ERROR;
  }
  const std::string_view line(data, bytes);
  if (line.starts_with("HTTP/")) {
    transfer.response_.headers.clear();  // those before were of an interim answer (1xx)
    transfer.headers_complete_ = false;
    return bytes;
  }
  if (line == "\r\n" || line == "\n") {
    transfer.headers_complete_ = true;
    return bytes;
  }
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    transfer.response_.headers.push_back(
        {std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1)))});
  }
  return bytes;
}

base::Error CurlTransfer::error_of(CURLcode code) const {
  const auto error = [this](ErrorKind kind, const char* name, std::string_view what) {
    return base::Error{kind, name, fmt::format("sending to {}: {}", host_, what), {}};
  };
  const std::string_view text = curl_easy_strerror(code);
  const std::string_view detail = error_text_[0] != '\0' ? std::string_view(error_text_) : text;
  if (too_large_) {
    return error(ErrorKind::kFatal, "BodyTooLarge",
                 fmt::format("the answer is longer than {} bytes", options_.body_bytes_max));
  }
  // A peer that goes away during the handshake is an outage, not a wrong certificate.
  const bool handshake_cut = code == CURLE_SSL_CONNECT_ERROR &&
                             (detail.find("SSL_ERROR_SYSCALL") != std::string_view::npos ||
                              detail.find("reset by peer") != std::string_view::npos);
  if (is_connect_error(code) || handshake_cut) {
    return error(ErrorKind::kRetry, "ConnectError", detail);
  }
  if (is_tls_error(code)) return error(ErrorKind::kFatal, "TlsError", detail);
  if (code == CURLE_OPERATION_TIMEDOUT) {
    curl_off_t ready = 0;  // when the connection stood and the request could go out
    curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &ready);
    if (ready == 0) return error(ErrorKind::kRetry, "ConnectError", "timed out while connecting");
    return error(ErrorKind::kRetry, "Timeout",
                 fmt::format("no complete answer within {} ms", options_.timeout.count()));
  }
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    return error(ErrorKind::kInvalid, "InvalidRequest", text);
  }
  return error(ErrorKind::kRetry, "NetworkError", text);
}

base::Result<base::HttpResponse> CurlTransfer::finish(CURLcode code) {
  if (code != CURLE_OK) return error_of(code);
  // libcurl calls a connection that closes between two headers a success.
  if (!headers_complete_) return error_of(CURLE_GOT_NOTHING);
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  return std::move(response_);
}

}  // namespace aws
