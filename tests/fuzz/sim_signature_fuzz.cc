// The region's check of signatures against our signer. An even first byte: whatever is signed is
// accepted, and not for another body. An odd one: any bytes as the headers of a signature are
// refused, for nobody guesses an HMAC.
#include "aws/sigv4.h"
#include "sim/signature.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

const std::map<std::string, std::string> kKeys = {{"AKID", "secret"}, {"ASIA", "temporary"}};
const std::map<std::string, std::string> kTokens = {{"ASIA", "token"}};
const base::TimePoint kNow = base::parse_rfc3339("2026-01-02T03:04:05Z").value();

std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

bool accepted(const base::HttpRequest& request) {
  const sim::SignatureRules rules{kKeys, kTokens, "eu-west-2", kNow};
  const auto error = sim::check_signature(request, "sqs", sim::Wire::kJson, rules);
  if (error && (error->code.empty() || error->message.empty())) std::abort();
  return !error;
}

// Name and value of each pair as a client writes them.
std::string query_of(std::string_view text) {
  std::string query;
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    query += query.empty() ? "?" : "&";
    query += base::percent_encode(pair.substr(0, equals));
    if (equals != std::string_view::npos) {
      query += "=" + base::percent_encode(pair.substr(equals + 1));
    }
  }
  return query;
}

void check_signed(std::string_view text, bool temporary) {
  const std::string target =
      "/" + base::percent_encode(take_line(text), true) + query_of(take_line(text));
  std::string header(take_line(text));
  std::ranges::replace_if(
      header, [](char c) { return c >= 0 && c < ' '; }, ' ');
  base::HttpRequest request{"POST",
                            "http://127.0.0.1:4580" + target,
                            {{"Host", "127.0.0.1:4580"}, {"X-Amz-Target", header}},
                            std::string(text)};
  const aws::Credentials credentials =
      temporary ? aws::Credentials{"ASIA", base::Secret("temporary"), base::Secret("token"), {}, ""}
                : aws::Credentials{"AKID", base::Secret("secret"), base::Secret(), {}, ""};
  for (base::Header& added : aws::sign(request, credentials, {"eu-west-2", "sqs"}, kNow)) {
    request.headers.push_back(std::move(added));
  }
  request.url = target;  // as a server receives it
  if (!accepted(request)) std::abort();
  request.body += "x";
  if (accepted(request)) std::abort();
}

void check_refused(std::string_view text) {
  base::HttpRequest request{"POST", "/", {{"Host", "127.0.0.1:4580"}}, ""};
  for (const char* name : {"Authorization", "X-Amz-Date", "X-Amz-Security-Token"}) {
    if (const auto line = take_line(text); !line.empty()) {
      request.headers.push_back({name, std::string(line)});
    }
  }
  request.url += take_line(text);
  request.body = text;
  if (accepted(request)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 1U) != 0) {
    check_refused(text);
  } else {
    check_signed(text, (data[0] & 2U) != 0);
  }
  return 0;
}
