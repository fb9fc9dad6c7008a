#include "sim/signature.h"

#include "sim/s3_signature.h"

#include <date/date.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

namespace sim {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::chrono::minutes kS3SkewMax{15};

// What can be wrong, before it is spelt for one service and wire format.
enum class Refusal { kMissing, kIncomplete, kUnknownKey, kExpiredKey, kScope, kMismatch, kExpired };

std::string to_hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string header(const base::HttpRequest& request, std::string_view name) {
  return std::string(base::find_header(request.headers, name).value_or(""));
}

// Dot segments and double slashes removed, then every segment encoded once more: the path on the
// wire is encoded already, and services other than S3 sign it encoded twice.
std::string canonical_path(std::string_view path, std::string_view service) {
  if (service == "s3") return base::percent_encode(base::percent_decode(path), true);
  std::vector<std::string> kept;
  for (std::string& segment : split(path, '/')) {
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(std::move(segment));
    }
  }
  std::string out;
  for (const std::string& segment : kept) out += "/" + base::percent_encode(segment);
  if (out.empty() || path.ends_with('/')) out += '/';
  return out;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& pair : split(query, '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string value = equals == std::string::npos ? "" : pair.substr(equals + 1);
    pairs.emplace_back(base::percent_encode(base::percent_decode(pair.substr(0, equals))),
                       base::percent_encode(base::percent_decode(value)));
  }
  std::ranges::sort(pairs);
  std::string out;
  for (const auto& [name, value] : pairs) {
    out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, value);
  }
  return out;
}

std::string canonical_header_value(const base::HttpRequest& request, const std::string& name) {
  std::string out;
  bool first = true;
  for (const base::Header& field : request.headers) {
    if (lower(field.name) != name) continue;
    if (!first) out += ',';
    first = false;
    bool in_space = false;
    for (const char c : trim(field.value)) {
      if (c == ' ' && in_space) continue;
      in_space = c == ' ';
      out += c;
    }
  }
  return out;
}

std::string canonical_request(const base::HttpRequest& request, const Authorization& auth) {
  const std::string_view url = request.url;
  const std::size_t mark = url.find('?');
  std::string out = fmt::format(
      "{}\n{}\n{}\n", request.method, canonical_path(url.substr(0, mark), auth.service),
      canonical_query(mark == std::string_view::npos ? std::string_view{} : url.substr(mark + 1)));
  for (const std::string& name : auth.signed_headers) {
    out += fmt::format("{}:{}\n", name, canonical_header_value(request, name));
  }
  out += fmt::format("\n{}\n{}", fmt::join(auth.signed_headers, ";"),
                     auth.service == "s3" ? s3_payload_hash(request) : sha256_hex(request.body));
  return out;
}

std::string expected_signature(const base::HttpRequest& request, const Authorization& auth,
                               const std::string& secret, const std::string& timestamp) {
  const std::string scope =
      fmt::format("{}/{}/{}/aws4_request", auth.date, auth.region, auth.service);
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, timestamp, scope,
                                          sha256_hex(canonical_request(request, auth)));
  std::string key = "AWS4" + secret;
  for (const std::string_view part :
       {std::string_view(auth.date), std::string_view(auth.region), std::string_view(auth.service),
        std::string_view("aws4_request"), std::string_view(to_sign)}) {
    key = hmac_sha256(key, part);
  }
  return to_hex(key);
}

std::string basic_format(base::TimePoint time) {
  return date::format("%Y%m%dT%H%M%SZ", std::chrono::floor<std::chrono::seconds>(time));
}

// "20260102T030405Z". Put in order for the one parser that checks its digits first.
std::optional<base::TimePoint> parse_basic(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto time = base::parse_rfc3339(
      fmt::format("{}-{}-{}T{}:{}:{}Z", text.substr(0, 4), text.substr(4, 2), text.substr(6, 2),
                  text.substr(9, 2), text.substr(11, 2), text.substr(13, 2)));
  if (!time) return std::nullopt;
  return *time;
}

std::optional<std::string> skew_text(base::TimePoint signed_at, base::TimePoint now,
                                     std::string_view service) {
  const auto skew_max = service == "s3" ? kS3SkewMax : kSignatureSkewMax;
  const auto oldest = now - skew_max;
  const auto newest = now + skew_max;
  if (signed_at < oldest) {
    return fmt::format("Signature expired: {} is now earlier than {} ({} - 5 min.)",
                       basic_format(signed_at), basic_format(oldest), basic_format(now));
  }
  if (signed_at > newest) {
    return fmt::format("Signature not yet current: {} is still later than {} ({} + 5 min.)",
                       basic_format(signed_at), basic_format(newest), basic_format(now));
  }
  return std::nullopt;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
ApiError spell_for_s3(Refusal refusal, std::string message) {
  switch (refusal) {
    case Refusal::kMissing:
      return {"AccessDenied", "Access Denied", 403, {}};
    case Refusal::kIncomplete:
    case Refusal::kScope:
      message.insert(0, "The authorization header is malformed; ");
      return {"AuthorizationHeaderMalformed", std::move(message), 400, {}};
    case Refusal::kUnknownKey:
      message = "The AWS Access Key Id you provided does not exist in our records.";
      return {"InvalidAccessKeyId", std::move(message), 403, {}};
    case Refusal::kExpiredKey:
      return {"ExpiredToken", "The provided token has expired.", 400, {}};
    case Refusal::kMismatch:
      return {"SignatureDoesNotMatch", std::move(message), 403, {}};
    case Refusal::kExpired:
      message = "The difference between the request time and the current time is too large.";
      return {"RequestTimeTooSkewed", std::move(message), 403, {}};
  }
  return {};
}

ApiError spell(Refusal refusal, std::string message, std::string_view service, Wire wire) {
  // EC2 has one code for "who are you?".
  if (wire == Wire::kEc2) {
    if (refusal == Refusal::kUnknownKey || refusal == Refusal::kExpiredKey ||
        refusal == Refusal::kMismatch) {
      return {
          "AuthFailure", "AWS was not able to validate the provided access credentials", 401, {}};
    }
    if (refusal == Refusal::kExpired) return {"RequestExpired", "Request has expired.", 400, {}};
  }
  if (wire == Wire::kS3) return spell_for_s3(refusal, std::move(message));
  // JSON services answer 400; SQS kept the statuses of its Query days.
  const int denied = wire == Wire::kJson && service != "sqs" ? 400 : 403;
  switch (refusal) {
    case Refusal::kMissing:
      return {"MissingAuthenticationToken", std::move(message), denied, {}};
    case Refusal::kIncomplete:
      return {"IncompleteSignature", std::move(message), 400, {}};
    case Refusal::kUnknownKey:
      return {"InvalidClientTokenId", std::move(message), denied, {}};
    case Refusal::kExpiredKey:
      return {"ExpiredToken", std::move(message), denied, {}};
    case Refusal::kScope:
    case Refusal::kMismatch:
    case Refusal::kExpired:
      return {"SignatureDoesNotMatch", std::move(message), denied, {}};
  }
  return {};
}

struct Problem {
  Refusal refusal;
  std::string message;
};

std::optional<Problem> check_scope(const Authorization& auth, std::string_view service,
                                   std::string_view region, const std::string& timestamp) {
  if (auth.region != region) {
    return Problem{
        Refusal::kScope,
        fmt::format("Credential should be scoped to a valid region, not '{}'. ", auth.region)};
  }
  if (auth.service != service) {
    return Problem{Refusal::kScope,
                   fmt::format("Credential should be scoped to correct service: '{}'. ", service)};
  }
  if (auth.date != timestamp.substr(0, 8)) {
    return Problem{Refusal::kMismatch,
                   fmt::format("Date in Credential scope does not match YYYYMMDD from ISO-8601 "
                               "version of date from HTTP: '{}' != '{}', from '{}'.",
                               auth.date, timestamp.substr(0, 8), timestamp)};
  }
  for (const std::string_view must : {"host", "x-amz-date"}) {
    if (std::ranges::find(auth.signed_headers, must) == auth.signed_headers.end()) {
      return Problem{
          Refusal::kMismatch,
          must == "host"
              ? "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
              : "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization."};
    }
  }
  return std::nullopt;
}

std::optional<Problem> check_key(const base::HttpRequest& request, const Authorization& auth,
                                 const SignatureRules& rules) {
  const std::string token = header(request, "X-Amz-Security-Token");
  const auto expected = rules.session_tokens.find(auth.access_key_id);
  const bool token_right =
      expected == rules.session_tokens.end() ? token.empty() : token == expected->second;
  if (rules.keys.contains(auth.access_key_id) && token_right) {
    const auto* expired = rules.expired_keys;
    if (expired == nullptr || !expired->contains(auth.access_key_id)) return std::nullopt;
    return Problem{Refusal::kExpiredKey, "The security token included in the request is expired"};
  }
  return Problem{Refusal::kUnknownKey, "The security token included in the request is invalid."};
}

std::optional<Problem> find_problem(const base::HttpRequest& request, std::string_view service,
                                    const SignatureRules& rules) {
  const std::string text = header(request, "Authorization");
  if (text.empty()) return Problem{Refusal::kMissing, "Request is missing Authentication Token"};
  const auto parsed = parse_authorization(text);
  if (const auto* error = std::get_if<ApiError>(&parsed)) {
    return Problem{Refusal::kIncomplete, error->message};
  }
  const Authorization& auth = std::get<Authorization>(parsed);
  const std::string timestamp = header(request, "X-Amz-Date");
  if (timestamp.empty()) {
    return Problem{Refusal::kIncomplete,
                   "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
                   "header."};
  }
  const std::optional<base::TimePoint> signed_at = parse_basic(timestamp);
  if (!signed_at) {
    return Problem{Refusal::kIncomplete,
                   fmt::format("Date must be in ISO-8601 'basic format'. Got '{}'. See "
                               "http://en.wikipedia.org/wiki/ISO_8601",
                               timestamp.substr(0, 64))};
  }
  if (auto problem = check_key(request, auth, rules)) return problem;
  if (auto problem = check_scope(auth, service, rules.region, timestamp)) return problem;
  if (auto skew = skew_text(*signed_at, rules.now, service))
    return Problem{Refusal::kExpired, *skew};
  const std::string expected =
      expected_signature(request, auth, rules.keys.at(auth.access_key_id), timestamp);
  if (expected.size() != auth.signature.size() ||
      CRYPTO_memcmp(expected.data(), auth.signature.data(), expected.size()) != 0) {
    return Problem{Refusal::kMismatch,
                   "The request signature we calculated does not match the signature you provided. "
                   "Check your AWS Secret Access Key and signing method. Consult the service "
                   "documentation for details."};
  }
  return std::nullopt;
}

}  // namespace

std::variant<Authorization, ApiError> parse_authorization(std::string_view text) {
  const auto incomplete = [](std::string message) {
    return ApiError{"IncompleteSignature", std::move(message), 400, {}};
  };
  text = trim(text);
  const std::size_t space = text.find(' ');
  if (text.substr(0, space) != kAlgorithm || space == std::string_view::npos) {
    return incomplete("Authorization header must start with 'AWS4-HMAC-SHA256'.");
  }
  std::map<std::string, std::string> parts;
  for (const std::string& part : split(text.substr(space + 1), ',')) {
    const std::string_view trimmed = trim(part);
    const std::size_t equals = trimmed.find('=');
    if (equals == std::string_view::npos) continue;
    parts.emplace(trimmed.substr(0, equals), trimmed.substr(equals + 1));
  }
  std::string missing;
  for (const char* name : {"Credential", "Signature", "SignedHeaders"}) {
    if (parts[name].empty()) {
      missing += fmt::format("Authorization header requires '{}' parameter. ", name);
    }
  }
  if (!missing.empty()) return incomplete(std::move(missing));
  const std::vector<std::string> scope = split(parts["Credential"], '/');
  if (scope.size() != 5 || scope[4] != "aws4_request") {
    return incomplete(
        fmt::format("Credential must have exactly 5 slash-delimited elements, e.g. "
                    "keyid/date/region/service/term, got '{}'",
                    parts["Credential"].substr(0, 128)));
  }
  Authorization auth;
  auth.access_key_id = scope[0];
  auth.date = scope[1];
  auth.region = scope[2];
  auth.service = scope[3];
  auth.signed_headers = split(lower(parts["SignedHeaders"]), ';');
  auth.signature = parts["Signature"];
  return auth;
}

std::optional<ApiError> check_signature(const base::HttpRequest& request, std::string_view service,
                                        Wire wire, const SignatureRules& rules) {
  std::optional<Problem> problem = find_problem(request, service, rules);
  if (!problem) return wire == Wire::kS3 ? check_s3_body(request) : std::nullopt;
  return spell(problem->refusal, std::move(problem->message), service, wire);
}

}  // namespace sim
