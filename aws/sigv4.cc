#include "aws/sigv4.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace aws {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

using Digest = std::array<unsigned char, 32>;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

void require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL cannot compute SHA-256");
}

// OpenSSL 3 looks algorithms up by name on every one-shot call; fetched once it is three times
// faster. One per thread because the contexts hold the state of the computation in progress.
class Sha256 {
 public:
  Sha256() {
    require(md_ && context_ && mac_ && mac_context_);
    char name[] = "SHA256";
    const std::array<OSSL_PARAM, 2> parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end()};
    require(EVP_MAC_CTX_set_params(mac_context_.get(), parameters.data()) == 1);
  }

  Digest hash(std::string_view text) {
    Digest digest;
    require(EVP_DigestInit_ex2(context_.get(), md_.get(), nullptr) == 1 &&
            EVP_DigestUpdate(context_.get(), text.data(), text.size()) == 1 &&
            EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
    return digest;
  }

  Digest hmac(const unsigned char* key, std::size_t key_size, std::string_view text) {
    Digest digest;
    std::size_t size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    require(EVP_MAC_init(mac_context_.get(), key, key_size, nullptr) == 1 &&
            EVP_MAC_update(mac_context_.get(), bytes, text.size()) == 1 &&
            EVP_MAC_final(mac_context_.get(), digest.data(), &size, digest.size()) == 1);
    return digest;
  }

  Digest hmac(const Digest& key, std::string_view text) {
    return hmac(key.data(), key.size(), text);
  }

 private:
  std::unique_ptr<EVP_MD, Freed<EVP_MD_free>> md_{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>> context_{EVP_MD_CTX_new()};
  std::unique_ptr<EVP_MAC, Freed<EVP_MAC_free>> mac_{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  std::unique_ptr<EVP_MAC_CTX, Freed<EVP_MAC_CTX_free>> mac_context_{EVP_MAC_CTX_new(mac_.get())};
};

Sha256& hasher() {
  thread_local Sha256 instance;
  return instance;
}

void append_hex(std::string& out, std::span<const unsigned char> digest) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const unsigned char byte : digest) {
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
}

struct UrlParts {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
  std::string_view query;
};

UrlParts split_url(std::string_view url) {
  UrlParts parts;
  const auto scheme_end = url.find("://");
  if (scheme_end != std::string_view::npos) {
    parts.scheme = url.substr(0, scheme_end);
    url.remove_prefix(scheme_end + 3);
    const auto authority_end = std::min(url.find_first_of("/?#"), url.size());
    parts.authority = url.substr(0, authority_end);
    url.remove_prefix(authority_end);
  }
  url = url.substr(0, url.find('#'));
  const auto question = std::min(url.find('?'), url.size());
  parts.path = url.substr(0, question);
  if (question < url.size()) parts.query = url.substr(question + 1);
  return parts;
}

// What an HTTP client sends as Host: the port only where it is not the scheme's own.
std::string_view host_of(const UrlParts& url) {
  std::string_view host = url.authority;
  const std::string_view own_port = url.scheme == "http" ? ":80" : ":443";
  if (host.ends_with(own_port)) host.remove_suffix(own_port.size());
  return host;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// Ends trimmed, runs of white space inside become one space.
void append_trimmed(std::string& out, std::string_view value) {
  bool pending = false;
  bool any = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      pending = any;
      continue;
    }
    if (pending) out += ' ';
    pending = false;
    any = true;
    out += c;
  }
}

struct CanonicalHeaders {
  std::string text;          // "host:a\nx-amz-date:b\n"
  std::string signed_names;  // "host;x-amz-date"
};

CanonicalHeaders canonical_headers(const base::HttpRequest& request, const UrlParts& url,
                                   const Credentials& credentials, std::string_view amz_date,
                                   bool all) {
  std::vector<std::pair<std::string, std::string_view>> chosen;
  chosen.reserve(request.headers.size() + 3);
  bool has_host = false;
  for (const base::Header& header : request.headers) {
    std::string name = lower(header.name);
    has_host = has_host || name == "host";
    if (all || name == "host" || name == "content-type" || name.starts_with("x-amz-")) {
      chosen.emplace_back(std::move(name), header.value);
    }
  }
  if (!has_host) chosen.emplace_back("host", host_of(url));
  chosen.emplace_back("x-amz-date", amz_date);
  if (!credentials.session_token.empty()) {
    chosen.emplace_back("x-amz-security-token", credentials.session_token.expose());
  }
  // Stable: the values of a repeated header keep the order in which they are sent.
  std::ranges::stable_sort(chosen, {}, &std::pair<std::string, std::string_view>::first);

  CanonicalHeaders canonical;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto& [name, value] = chosen[i];
    if (i > 0 && chosen[i - 1].first == name) {
      canonical.text.back() = ',';
    } else {
      if (i > 0) canonical.signed_names += ';';
      canonical.signed_names += name;
      canonical.text += name;
      canonical.text += ':';
    }
    append_trimmed(canonical.text, value);
    canonical.text += '\n';
  }
  return canonical;
}

struct Dates {
  std::string amz_date;  // "20150830T123600Z"
  std::string date;      // "20150830"
};

Dates dates_of(base::TimePoint now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day ymd(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(now - day));
  Dates dates;
  dates.date = fmt::format("{:04}{:02}{:02}", static_cast<int>(ymd.year()),
                           static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()));
  dates.amz_date = fmt::format("{}T{:02}{:02}{:02}Z", dates.date, time.hours().count(),
                               time.minutes().count(), time.seconds().count());
  return dates;
}

std::string credential_scope(const SigningScope& scope, const Dates& dates) {
  return fmt::format("{}/{}/{}/aws4_request", dates.date, scope.region, scope.service);
}

SigningText texts(const base::HttpRequest& request, const Credentials& credentials,
                  const SigningScope& scope, const Dates& dates, SigningOptions options) {
  const UrlParts url = split_url(request.url);
  CanonicalHeaders headers =
      canonical_headers(request, url, credentials, dates.amz_date, options.sign_all_headers);
  SigningText text;
  std::string& canonical = text.canonical_request;
  canonical.reserve(512 + headers.text.size() + url.path.size() + url.query.size());
  canonical += request.method;
  canonical += '\n';
  canonical += canonical_path(url.path, options);
  canonical += '\n';
  canonical += canonical_query(url.query);
  canonical += '\n';
  canonical += headers.text;
  canonical += '\n';
  canonical += headers.signed_names;
  canonical += '\n';
  if (const auto hash = base::find_header(request.headers, "X-Amz-Content-SHA256")) {
    canonical += *hash;
  } else {
    append_hex(canonical, hasher().hash(request.body));
  }
  text.signed_headers = std::move(headers.signed_names);
  text.string_to_sign =
      fmt::format("{}\n{}\n{}\n", kAlgorithm, dates.amz_date, credential_scope(scope, dates));
  append_hex(text.string_to_sign, hasher().hash(canonical));
  return text;
}

Digest signing_key(const base::Secret& secret, const SigningScope& scope, const Dates& dates) {
  const std::string first = "AWS4" + secret.expose();
  Digest key =
      hasher().hmac(reinterpret_cast<const unsigned char*>(first.data()), first.size(), dates.date);
  key = hasher().hmac(key, scope.region);
  key = hasher().hmac(key, scope.service);
  return hasher().hmac(key, "aws4_request");
}

}  // namespace

std::string canonical_path(std::string_view path, SigningOptions options) {
  if (path.empty()) return "/";
  const auto encoded = [&](std::string_view part) {
    return options.encode_path ? base::percent_encode(part, true) : std::string(part);
  };
  if (!options.normalize_path) return encoded(path);
  std::vector<std::string_view> segments;
  std::string_view rest = path;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
  }
  std::string canonical = "/";
  for (const std::string_view segment : segments) {
    if (canonical.size() > 1) canonical += '/';
    canonical += encoded(segment);
  }
  if (path.ends_with('/') && !segments.empty()) canonical += '/';
  return canonical;
}

std::string canonical_query(std::string_view query) {
  if (query.empty()) return {};
  // Encoded first, sorted then: the order is that of the encoded bytes.
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    const std::string_view value = equals < part.size() ? part.substr(equals + 1) : "";
    parameters.emplace_back(base::percent_encode(base::percent_decode(part.substr(0, equals))),
                            base::percent_encode(base::percent_decode(value)));
  }
  std::ranges::sort(parameters);
  std::string canonical;
  for (const auto& [name, value] : parameters) {
    if (!canonical.empty()) canonical += '&';
    canonical += name;
    canonical += '=';
    canonical += value;
  }
  return canonical;
}

SigningText signing_text(const base::HttpRequest& request, const Credentials& credentials,
                         const SigningScope& scope, base::TimePoint now, SigningOptions options) {
  return texts(request, credentials, scope, dates_of(now), options);
}

std::vector<base::Header> sign(const base::HttpRequest& request, const Credentials& credentials,
                               const SigningScope& scope, base::TimePoint now,
                               SigningOptions options) {
  const Dates dates = dates_of(now);
  const SigningText text = texts(request, credentials, scope, dates, options);
  std::string authorization =
      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature=", kAlgorithm,
                  credentials.access_key_id, credential_scope(scope, dates), text.signed_headers);
  const Digest key = signing_key(credentials.secret_access_key, scope, dates);
  append_hex(authorization, hasher().hmac(key, text.string_to_sign));

  std::vector<base::Header> headers;
  headers.reserve(3);
  headers.push_back({"X-Amz-Date", dates.amz_date});
  if (!credentials.session_token.empty()) {
    headers.push_back({"X-Amz-Security-Token", credentials.session_token.expose()});
  }
  headers.push_back({"Authorization", std::move(authorization)});
  return headers;
}

std::array<unsigned char, 32> sha256(std::string_view bytes) { return hasher().hash(bytes); }

std::string to_hex(std::span<const unsigned char> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  append_hex(text, bytes);
  return text;
}

}  // namespace aws
