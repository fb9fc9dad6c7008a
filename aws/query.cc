#include "aws/query.h"

#include "base/gzip.h"

#include <fmt/format.h>

#include <charconv>

namespace aws {

namespace {

// Below that compression saves nothing worth having.
constexpr std::size_t kCompressFrom = 10U << 10U;

base::Error malformed(const std::string& operation, const std::string& what) {
  return {base::ErrorKind::kFatal,
          "MalformedResponse",
          fmt::format("reading the answer to {}: {}", operation, what),
          {}};
}

std::string form_encode(std::string_view text) {
  std::string encoded = base::percent_encode(text);
  std::string out;
  out.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded.compare(i, 3, "%20") == 0) {
      out += '+';
      i += 2;
    } else {
      out += encoded[i];
    }
  }
  return out;
}

std::string trimmed(const char* raw) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::string_view text(raw);
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
}

pugi::xml_node first_element(const pugi::xml_node& parent) {
  for (const pugi::xml_node& node : parent.children()) {
    if (node.type() == pugi::node_element) return node;
  }
  return {};
}

// From a server: it is quoted in an error, so it is cut and made printable.
std::string excerpt(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 64)) out += (c >= ' ' && c < 127) ? c : '?';
  return "'" + out + "'";
}

}  // namespace

void QueryCall::add(std::string key, std::string value) {
  parameters.emplace_back(std::move(key), std::move(value));
}

void QueryCall::add(std::string key, int value) { add(std::move(key), std::to_string(value)); }

void QueryCall::add_list(const std::string& key, const std::vector<std::string>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) add(fmt::format("{}.{}", key, i + 1), values[i]);
}

std::string query_body(const QueryCall& call) {
  std::string body =
      fmt::format("Action={}&Version={}", form_encode(call.operation), form_encode(call.version));
  for (const auto& [key, value] : call.parameters) {
    body += fmt::format("&{}={}", form_encode(key), form_encode(value));
  }
  return body;
}

void XmlElement::complain(const std::string& what, const char* name) const {
  if (!problem_->empty()) return;  // the first one explains the rest
  *problem_ = fmt::format("{} in <{}>: <{}>", what, node_.name(), name);
}

XmlElement XmlElement::child(const char* name) const {
  const pugi::xml_node node = node_.child(name);
  if (node.empty()) complain("missing element", name);
  return {node, problem_};
}

std::optional<XmlElement> XmlElement::child_if(const char* name) const {
  const pugi::xml_node node = node_.child(name);
  if (first_element(node).empty()) return std::nullopt;
  return XmlElement{node, problem_};
}

std::vector<XmlElement> XmlElement::list(const char* name, const char* item) const {
  std::vector<XmlElement> items;
  for (const pugi::xml_node& node : node_.child(name).children()) {
    if (std::string_view(item) == node.name()) {
      items.push_back(XmlElement{node, problem_});
    }
  }
  return items;
}

std::string XmlElement::value() const { return trimmed(node_.child_value()); }

std::string XmlElement::text_or(const char* name) const {
  return trimmed(node_.child(name).child_value());
}

std::string XmlElement::text(const char* name) const {
  std::string text = text_or(name);
  if (text.empty()) complain("missing element", name);
  return text;
}

int XmlElement::parse_number(const char* name, std::string_view text) const {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    complain(fmt::format("{} is not a whole number", excerpt(text)), name);
    return 0;
  }
  return value;
}

int XmlElement::number(const char* name) const {
  const std::string found = text(name);
  return found.empty() ? 0 : parse_number(name, found);
}

int XmlElement::number_or(const char* name, int fallback) const {
  const std::string found = text_or(name);
  return found.empty() ? fallback : parse_number(name, found);
}

bool XmlElement::flag(const char* name) const {
  const std::string found = text_or(name);
  if (!found.empty() && found != "true" && found != "false") {
    complain(fmt::format("{} is neither true nor false", excerpt(found)), name);
  }
  return found == "true";
}

base::TimePoint XmlElement::time(const char* name) const {
  const std::string found = text(name);
  if (found.empty()) return {};
  const auto parsed = base::parse_rfc3339(found);
  if (!parsed) complain(fmt::format("{} is not a time", excerpt(found)), name);
  return parsed ? *parsed : base::TimePoint{};
}

base::Result<XmlAnswer> XmlAnswer::parse(std::string_view body, const std::string& operation) {
  if (body.size() > kQueryAnswerBytesMax) {
    return malformed(operation, fmt::format("{} bytes, accepted are at most {}", body.size(),
                                            kQueryAnswerBytesMax));
  }
  XmlAnswer answer;
  answer.operation_ = operation;
  answer.problem_ = std::make_unique<std::string>();
  answer.document_ = std::make_unique<pugi::xml_document>();
  const pugi::xml_parse_result parsed = answer.document_->load_buffer(
      body.data(), body.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed) {
    return malformed(operation,
                     fmt::format("not XML: {} at byte {}", parsed.description(), parsed.offset));
  }
  const pugi::xml_node root = first_element(*answer.document_);
  if (root.name() != operation + "Response") {
    return malformed(
        operation, fmt::format("<{}Response> expected, found {}", operation, excerpt(root.name())));
  }
  return answer;
}

XmlElement XmlAnswer::result() const {
  const pugi::xml_node root = first_element(*document_);
  const pugi::xml_node wrapped = root.child((operation_ + "Result").c_str());
  return {wrapped.empty() ? root : wrapped, problem_.get()};
}

std::optional<base::Error> XmlAnswer::problem() const {
  if (problem_->empty()) return std::nullopt;
  return malformed(operation_, *problem_);
}

boost::asio::awaitable<base::Result<XmlAnswer>> send_query(Caller& caller, QueryCall call) {
  ApiRequest request;
  request.service = call.service;
  request.operation = call.operation;
  request.content_type = "application/x-www-form-urlencoded; charset=utf-8";
  request.body = query_body(call);
  if (call.compress && request.body.size() >= kCompressFrom) {
    request.body = base::gzip(request.body);
    request.headers.push_back({"Content-Encoding", "gzip"});
  }
  request.idempotent = call.idempotent;
  request.timeout = call.timeout;
  const auto response = co_await caller.call(std::move(request));
  if (!response) co_return response.error();
  co_return XmlAnswer::parse(response->body, call.operation);
}

boost::asio::awaitable<base::Result<void>> send_query_command(Caller& caller, QueryCall call) {
  const auto answer = co_await send_query(caller, std::move(call));
  if (!answer) co_return answer.error();
  co_return base::Result<void>();
}

}  // namespace aws
