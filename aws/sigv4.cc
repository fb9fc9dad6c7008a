#include "aws/sigv4.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace aws {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
// Far more than the services and regions of one process.
constexpr std::size_t kSigningKeysMax = 64;

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

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_signed(std::string_view name) {
  return same_name(name, "content-type") || same_name(name.substr(0, 6), "x-amz-");
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
  std::vector<std::pair<std::string_view, std::string_view>> chosen;
  chosen.reserve(request.headers.size() + 3);
  bool has_host = false;
  for (const base::Header& header : request.headers) {
    const bool host = same_name(header.name, "host");
    has_host = has_host || host;
    if (all || host || is_signed(header.name)) chosen.emplace_back(header.name, header.value);
  }
  if (!has_host) chosen.emplace_back("host", host_of(url));
  chosen.emplace_back("x-amz-date", amz_date);
  if (!credentials.session_token.empty()) {
    chosen.emplace_back("x-amz-security-token", credentials.session_token.expose());
  }
  // Stable: the values of a repeated header keep the order in which they are sent.
  std::ranges::stable_sort(chosen, [](const auto& a, const auto& b) {
    return std::ranges::lexicographical_compare(a.first, b.first, {}, lower, lower);
  });

  std::size_t bytes = 0;
  for (const auto& [name, value] : chosen) bytes += name.size() + value.size() + 2;
  CanonicalHeaders canonical;
  canonical.text.reserve(bytes);
  canonical.signed_names.reserve(bytes);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto& [name, value] = chosen[i];
    if (i > 0 && same_name(chosen[i - 1].first, name)) {
      canonical.text.back() = ',';
    } else {
      if (i > 0) canonical.signed_names += ';';
      const std::size_t begin = canonical.signed_names.size();
      std::ranges::transform(name, std::back_inserter(canonical.signed_names), lower);
      canonical.text.append(canonical.signed_names, begin);
      canonical.text += ':';
    }
    append_trimmed(canonical.text, value);
    canonical.text += '\n';
  }
  return canonical;
}

struct Dates {
  std::string amz_date;                                           // "20150830T123600Z"
  std::string_view date() const { return {amz_date.data(), 8}; }  // "20150830"
};

void append_digits(std::string& out, unsigned value, std::size_t digits) {
  out.append(digits, '0');
  for (std::size_t i = out.size(); digits > 0; --digits, value /= 10) {
    out[--i] = static_cast<char>('0' + value % 10);
  }
}

Dates dates_of(base::TimePoint now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day ymd(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(now - day));
  Dates dates;
  std::string& text = dates.amz_date;
  append_digits(text, static_cast<unsigned>(static_cast<int>(ymd.year())), 4);
  append_digits(text, static_cast<unsigned>(ymd.month()), 2);
  append_digits(text, static_cast<unsigned>(ymd.day()), 2);
  text += 'T';
  append_digits(text, static_cast<unsigned>(time.hours().count()), 2);
  append_digits(text, static_cast<unsigned>(time.minutes().count()), 2);
  append_digits(text, static_cast<unsigned>(time.seconds().count()), 2);
  text += 'Z';
  return dates;
}

// "20150830/eu-west-2/sqs/aws4_request"
void append_scope(std::string& out, const SigningScope& scope, const Dates& dates) {
  out += dates.date();
  out += '/';
  out += scope.region;
  out += '/';
  out += scope.service;
  out += "/aws4_request";
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
    append_hex(canonical, sha256(request.body));
  }
  text.signed_headers = std::move(headers.signed_names);
  std::string& to_sign = text.string_to_sign;
  to_sign.reserve(160 + scope.region.size() + scope.service.size());
  to_sign += kAlgorithm;
  to_sign += '\n';
  to_sign += dates.amz_date;
  to_sign += '\n';
  append_scope(to_sign, scope, dates);
  to_sign += '\n';
  append_hex(to_sign, sha256(canonical));
  return text;
}

std::string_view bytes_of(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

KeyedHmac signing_key(const base::Secret& secret, const SigningScope& scope,
                      std::string_view date) {
  Sha256Digest key = KeyedHmac("AWS4" + secret.expose()).digest(date);
  key = KeyedHmac(bytes_of(key)).digest(scope.region);
  key = KeyedHmac(bytes_of(key)).digest(scope.service);
  key = KeyedHmac(bytes_of(key)).digest("aws4_request");
  return KeyedHmac(bytes_of(key));
}

}  // namespace

KeyedHmac& SigningKeys::find(const base::Secret& secret, const SigningScope& scope,
                             std::string_view date) {
  const auto at = std::ranges::find(entries_, scope, &Entry::scope);
  if (at != entries_.end()) {
    if (at->date == date && at->secret == secret) return at->key;
    entries_.erase(at);
  }
  if (entries_.size() == kSigningKeysMax) entries_.clear();
  return entries_.emplace_back(scope, std::string(date), secret, signing_key(secret, scope, date))
      .key;
}

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
  std::string authorization;
  authorization.reserve(192 + credentials.access_key_id.size() + text.signed_headers.size() +
                        scope.region.size() + scope.service.size());
  authorization += kAlgorithm;
  authorization += " Credential=";
  authorization += credentials.access_key_id;
  authorization += '/';
  append_scope(authorization, scope, dates);
  authorization += ", SignedHeaders=";
  authorization += text.signed_headers;
  authorization += ", Signature=";
  SigningKeys fresh;
  SigningKeys& keys = options.keys == nullptr ? fresh : *options.keys;
  KeyedHmac& key = keys.find(credentials.secret_access_key, scope, dates.date());
  append_hex(authorization, key.digest(text.string_to_sign));

  std::vector<base::Header> headers;
  headers.reserve(3);
  headers.push_back({"X-Amz-Date", dates.amz_date});
  if (!credentials.session_token.empty()) {
    headers.push_back({"X-Amz-Security-Token", credentials.session_token.expose()});
  }
  headers.push_back({"Authorization", std::move(authorization)});
  return headers;
}

}  // namespace aws
