#include "aws/curl_transfer.h"

#include "aws/address.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace aws {

namespace {

constexpr std::size_t kHeaderBytesMax = 256U << 10U;
// What an answer says of its length is believed so far: ten messages of the greatest size.
constexpr std::size_t kBodyReserveMax = 2U << 20U;
// AWS closes idle connections after a while without telling; older ones are not worth the gamble.
constexpr long kIdleSecondsMax = 50;
// Connections are renewed so that a poller follows when an endpoint's addresses change.
constexpr long kLifetimeSecondsMax = 600;
constexpr long kKeepAliveSeconds = 30;

using base::ErrorKind;

// To the end without a branch, which the compiler turns into vector instructions.
bool has_line_break(std::string_view text) {
  bool found = false;
  for (const char c : text) found |= (c == '\r') | (c == '\n') | (c == '\0');
  return found;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string_view host_in(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  const auto user = url.rfind('@');
  if (user != std::string_view::npos) url.remove_prefix(user + 1);
  if (url.starts_with('[')) return url.substr(0, url.find(']') + 1);
  return url.substr(0, url.find(':'));
}

// Addresses that a proxy could only get wrong: this machine, and the link-local metadata service.
bool is_local(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         host.starts_with("127.") || host.starts_with("169.254.");
}

// "host" or "host:port" is among those named.
bool is_allowed(std::string_view url, const std::vector<std::string>& hosts) {
  const std::string_view host = host_in(url);
  const std::size_t from = static_cast<std::size_t>(host.data() - url.data());
  const std::string_view authority = url.substr(from, url.find_first_of("/?#", from) - from);
  return std::ranges::find(hosts, host) != hosts.end() ||
         std::ranges::find(hosts, authority) != hosts.end();
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

// What nearly all requests are; handles stay set for it.
bool is_plain_post(const base::HttpRequest& request) {
  return request.method == "POST" && request.url.find('@') == std::string::npos;
}

void set_method(Setter& set, const base::HttpRequest& request) {
  const bool has_body =
      !request.body.empty() || request.method == "PUT" || request.method == "PATCH";
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request.method == "POST" || has_body) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data());
    if (request.method != "POST") set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else {
    set(CURLOPT_HTTPGET, 1L);
    if (request.method != "GET") set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

void set_timeouts(Setter& set, const HttpOptions& options, const CurlOptions& client) {
  const long timeout = std::max<long>(1, static_cast<long>(options.timeout.count()));
  const long connect = std::max<long>(1, static_cast<long>(client.connect_timeout.count()));
  set(CURLOPT_TIMEOUT_MS, timeout);
  set(CURLOPT_CONNECTTIMEOUT_MS, std::min(timeout, connect));
  set(CURLOPT_FRESH_CONNECT, options.fresh_connection ? 1L : 0L);
}

void set_constants(Setter& set, const CurlOptions& client, const SocketHooks& hooks) {
  set(CURLOPT_PATH_AS_IS, 1L);  // the path that was signed
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);  // a signature is for one host only
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!client.ca_bundle.empty()) set(CURLOPT_CAINFO, client.ca_bundle.c_str());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds);
  set(CURLOPT_TCP_KEEPINTVL, kKeepAliveSeconds);
  set(CURLOPT_MAXAGE_CONN, kIdleSecondsMax);
  set(CURLOPT_MAXLIFETIME_CONN, kLifetimeSecondsMax);
  set(CURLOPT_OPENSOCKETFUNCTION, hooks.open);
  set(CURLOPT_OPENSOCKETDATA, hooks.data);
  set(CURLOPT_CLOSESOCKETFUNCTION, hooks.close);
  set(CURLOPT_CLOSESOCKETDATA, hooks.data);
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

base::Result<void> CurlTransfer::check_request() const {
  if (host_in(request_.url).empty() || has_line_break(request_.url) ||
      has_line_break(request_.method)) {
    return base::Error{ErrorKind::kInvalid,
                       "InvalidRequest",
                       fmt::format("'{}' is not an absolute http or https URL",
                                   request_.url.substr(0, request_.url.find_first_of("?\r\n"))),
                       {}};
  }
  for (const base::Header& header : request_.headers) {
    if (has_line_break(header.name) || has_line_break(header.value) || header.name.empty()) {
      return base::Error{
          ErrorKind::kInvalid,
          "InvalidRequest",
          fmt::format("sending to {}: a header holds a line break", host_in(request_.url)),
          {}};
    }
  }
  return {};
}

void CurlTransfer::write_headers() {
  // libcurl would wait for "100 Continue" with long bodies, and guess a type for a POST.
  static constexpr std::string_view kExpect = "Expect:";
  static constexpr std::string_view kContentType = "Content-Type:";
  std::size_t bytes = kExpect.size() + kContentType.size() + 2;
  for (const base::Header& header : request_.headers) {
    bytes += header.name.size() + header.value.size() + 3;
  }
  header_text_.reserve(bytes);  // so that it never moves under the pointers into it
  header_list_.reserve(request_.headers.size() + 2);
  const auto end_line = [this](std::size_t begin) {
    header_text_ += '\0';
    if (!header_list_.empty()) header_list_.back().next = header_list_.data() + header_list_.size();
    header_list_.push_back({header_text_.data() + begin, nullptr});
  };
  bool has_content_type = false;
  for (const base::Header& header : request_.headers) {
    const std::string_view name = trim(header.name);
    has_content_type = has_content_type || name == "Content-Type" || name == "content-type";
    const std::size_t begin = header_text_.size();
    header_text_ += header.name;
    // "Name;" is libcurl's way to send a header without a value.
    header_text_ += header.value.empty() ? ";" : ": ";
    header_text_ += header.value;
    end_line(begin);
  }
  for (const std::string_view line : {kExpect, kContentType}) {
    if (line == kContentType && has_content_type) continue;
    const std::size_t begin = header_text_.size();
    header_text_ += line;
    end_line(begin);
  }
}

base::Result<void> CurlTransfer::prepare(PooledHandle handle, const CurlOptions& client,
                                         const SocketHooks& hooks) {
  handle_ = std::move(handle);
  if (auto ok = check_request(); !ok) return ok;
  write_headers();
  Setter set(easy());
  if (!handle_.ready) set_constants(set, client, hooks);
  const bool direct = options_.direct || client.routable_only || is_local(host_in(request_.url));
  if (handle_.url != request_.url || options_.direct) {
    set(CURLOPT_URL, request_.url.c_str());
    // Without one of ours libcurl looks into the environment.
    set(CURLOPT_PROXY, direct ? "" : static_cast<const char*>(nullptr));
  }
  set(CURLOPT_ERRORBUFFER, error_text_);
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_HTTPHEADER, header_list_.data());
  set(CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  // Asked of every exchange, also over a connection that was there already.
  checks_address_ = client.routable_only && !is_allowed(request_.url, client.hosts_allowed);
  if (checks_address_ || !options_.resend) {
    set(CURLOPT_PREREQFUNCTION, &CurlTransfer::on_connected);
    set(CURLOPT_PREREQDATA, this);
    watched_ = true;
  }
  set_method(set, request_);
  set_timeouts(set, options_, client);
  return set.result();
}

PooledHandle CurlTransfer::release() {
  CURL* easy = handle_.easy.get();
  handle_.ready = is_plain_post(request_) && !checks_address_;
  if (!handle_.ready) {
    curl_easy_reset(easy);
    handle_.url.clear();
    return std::move(handle_);
  }
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, nullptr);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, nullptr);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, nullptr);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, nullptr);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, nullptr);
  if (watched_) {
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, nullptr);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, nullptr);
  }
  handle_.url = std::move(request_.url);
  return std::move(handle_);
}

// libcurl asks before each request that it writes. What the name of the host led to is known only
// now. A second request in the same exchange is libcurl's silent repetition on a new connection,
// because the kept one died: the server may have carried out the first.
int CurlTransfer::on_connected(void* self, char* their_ip, char* /*our_ip*/, int /*their_port*/,
                               int /*our_port*/) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  ++transfer.requests_;
  transfer.repeated_ = transfer.requests_ > 1 && !transfer.options_.resend;
  transfer.refused_ = transfer.checks_address_ && (their_ip == nullptr || !is_routable(their_ip));
  return transfer.repeated_ || transfer.refused_ ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  std::string& body = transfer.response_.body;
  const std::size_t bytes = size * count;
  if (body.size() + bytes > transfer.options_.body_bytes_max) {
    transfer.too_large_ = true;
    return CURL_WRITEFUNC_ERROR;
  }
  if (body.empty()) {
    curl_off_t length = 0;
    curl_easy_getinfo(transfer.easy(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length > 0) body.reserve(std::min<std::size_t>(length, kBodyReserveMax));
  }
  body.append(data, bytes);
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
    transfer.header_lines_.clear();  // those before were of an interim answer (1xx)
    transfer.headers_complete_ = false;
    const auto status = line.find(' ');
    const bool success = status != std::string_view::npos && line.substr(status + 1, 1) == "2";
    transfer.keep_headers_ = transfer.options_.success_headers || !success;
    return bytes;
  }
  if (line == "\r\n" || line == "\n") {
    transfer.headers_complete_ = true;
    return bytes;
  }
  if (transfer.keep_headers_) transfer.header_lines_ += line;
  return bytes;
}

void CurlTransfer::read_headers() {
  std::string_view lines = header_lines_;
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size() - 1);
    const std::string_view line = lines.substr(0, end + 1);
    lines.remove_prefix(end + 1);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    response_.headers.push_back(
        {std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1)))});
  }
}

base::Error CurlTransfer::error_of(CURLcode code) const {
  const auto error = [this](ErrorKind kind, const char* name, std::string_view what) {
    const std::string_view host = host_in(request_.url);
    return base::Error{kind, name, fmt::format("sending to {}: {}", host, what), {}};
  };
  const std::string_view text = curl_easy_strerror(code);
  const std::string_view detail = error_text_[0] != '\0' ? std::string_view(error_text_) : text;
  if (refused_) {
    return error(ErrorKind::kDenied, "AddressRefused",
                 "its address is loopback, link-local or otherwise nobody's");
  }
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
    curl_easy_getinfo(easy(), CURLINFO_PRETRANSFER_TIME_T, &ready);
    if (ready == 0) return error(ErrorKind::kRetry, "ConnectError", "timed out while connecting");
    return error(ErrorKind::kRetry, "Timeout",
                 fmt::format("no complete answer within {} ms", options_.timeout.count()));
  }
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    return error(ErrorKind::kInvalid, "InvalidRequest", text);
  }
  if (repeated_) {
    return error(ErrorKind::kRetry, "NetworkError", "the kept connection died before the answer");
  }
  return error(ErrorKind::kRetry, "NetworkError", text);
}

base::Result<base::HttpResponse> CurlTransfer::finish(CURLcode code) {
  if (code != CURLE_OK) return error_of(code);
  // libcurl calls a connection that closes between two headers a success.
  if (!headers_complete_) return error_of(CURLE_GOT_NOTHING);
  long status = 0;
  curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  read_headers();
  return std::move(response_);
}

}  // namespace aws
