#include "sim/s3_rest.h"

#include "sim/query_decode.h"
#include "sim/xml_encode.h"

#include <date/date.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace sim {

namespace {

constexpr std::string_view kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";
constexpr std::string_view kLineEnd = "\r\n";

std::string header(const base::HttpRequest& request, std::string_view name) {
  return std::string(base::find_header(request.headers, name).value_or(""));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

// "bucket.s3.eu-west-2.amazonaws.com", "bucket.s3.localhost:4566", "bucket.localhost:4566".
std::string bucket_of_host(std::string_view host) {
  const auto s3 = host.find(".s3.");
  if (s3 != std::string_view::npos) return std::string(host.substr(0, s3));
  host = host.substr(0, host.find(':'));
  if (!host.ends_with(".localhost") || host.starts_with("s3.")) return {};
  return std::string(host.substr(0, host.size() - std::string_view(".localhost").size()));
}

struct Target {
  std::string bucket;
  std::string key;
};

Target target_of(const base::HttpRequest& request) {
  const std::string_view path =
      std::string_view(request.url).substr(1, request.url.find('?') - 1);  // without the slash
  Target target{bucket_of_host(header(request, "Host")), {}};
  if (!target.bucket.empty()) {
    target.key = base::percent_decode(path);
    return target;
  }
  const auto slash = std::min(path.find('/'), path.size());
  target.bucket = base::percent_decode(path.substr(0, slash));
  if (slash < path.size()) target.key = base::percent_decode(path.substr(slash + 1));
  return target;
}

// Parameters that change nothing here, or that ListObjectsV2 reads.
constexpr auto kParameters = std::to_array<std::string_view>(
    {"continuation-token", "delimiter", "encoding-type", "fetch-owner", "list-type", "location",
     "max-keys", "prefix", "start-after", "x-id"});

std::string operation_of(const std::string& method, const Target& target, const Json& query) {
  struct Row {
    std::string_view method;
    const char* of_object;
    const char* of_bucket;
  };
  static constexpr Row kRows[] = {{"GET", "GetObject", "ListObjectsV2"},
                                  {"HEAD", "HeadObject", "HeadBucket"},
                                  {"PUT", "PutObject", "CreateBucket"},
                                  {"DELETE", "DeleteObject", "DeleteBucket"}};
  for (const Row& row : kRows) {
    if (row.method != method) continue;
    if (!target.key.empty()) return row.of_object;
    if (target.bucket.empty()) return method == "GET" ? "ListBuckets" : "";
    if (method == "GET" && query.contains("location")) return "GetBucketLocation";
    if (method == "GET" && query.value("list-type", "") != "2") return "";
    return row.of_bucket;
  }
  return {};
}

ApiError not_implemented() {
  return {"NotImplemented",
          "A header or query parameter implies functionality that is not implemented",
          501,
          {}};
}

bool is_kept(const std::string& name) {
  return name == "content-type" || name == "content-md5" || name.starts_with("x-amz-checksum-") ||
         name.starts_with("x-amz-meta-");
}

// The object's bytes and what is kept beside them.
std::optional<ApiError> read_put(const base::HttpRequest& request, Json& arguments) {
  std::vector<base::Header> headers = request.headers;
  std::string body = request.body;
  if (header(request, "x-amz-content-sha256").starts_with("STREAMING-")) {
    auto joined = join_aws_chunks(request.body, headers);
    const std::string length = header(request, "x-amz-decoded-content-length");
    if (!joined || length != std::to_string(joined->size())) {
      return ApiError{"IncompleteBody", "The request body terminated unexpectedly", 400, {}};
    }
    body = std::move(*joined);
  }
  Json kept = Json::object();
  for (const base::Header& field : headers) {
    const std::string name = lower(field.name);
    if (is_kept(name)) kept[name] = field.value;
  }
  arguments[kS3Body] = std::move(body);
  arguments["Headers"] = std::move(kept);
  return std::nullopt;
}

base::HttpResponse answer_of(const ApiCall& call, int status) {
  base::HttpResponse response;
  response.status = status;
  response.headers.push_back({"x-amz-request-id", call.request_id});
  return response;
}

void set_xml(base::HttpResponse& response, const std::string& root, const std::string& members) {
  response.headers.push_back({"Content-Type", "application/xml"});
  response.body = fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", root);
  response.body += members;
  response.body += fmt::format("</{}>", root.substr(1, root.find_first_of(" >") - 1));
}

base::HttpResponse encode_s3_error(const ApiCall& call, const ApiError& error) {
  base::HttpResponse response = answer_of(call, error.status);
  std::string members;
  append_xml_element(members, "Code", error.code);
  append_xml_element(members, "Message", error.message);
  append_xml_element(members, "RequestId", call.request_id);
  set_xml(response, "<Error>", members);
  return response;
}

}  // namespace

std::string s3_http_date(base::TimePoint time) {
  return date::format("%a, %d %b %Y %H:%M:%S GMT", std::chrono::floor<std::chrono::seconds>(time));
}

// <size in hex>[;chunk-signature=...]\r\n<bytes>\r\n ... 0[;...]\r\n[name:value\r\n ...]\r\n
std::optional<std::string> join_aws_chunks(std::string_view body,
                                           std::vector<base::Header>& trailers) {
  std::string joined;
  const auto next_line = [&]() -> std::optional<std::string_view> {
    const auto end = body.find(kLineEnd);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = body.substr(0, end);
    body.remove_prefix(end + kLineEnd.size());
    return line;
  };
  for (;;) {
    const auto line = next_line();
    if (!line) return std::nullopt;
    const std::string_view digits = line->substr(0, line->find(';'));
    std::size_t size = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    if (ec != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    if (size == 0) break;
    if (size > body.size() || !body.substr(size).starts_with(kLineEnd)) return std::nullopt;
    joined += body.substr(0, size);
    body.remove_prefix(size + kLineEnd.size());
  }
  while (!body.empty()) {
    const auto line = next_line();
    if (!line) return std::nullopt;
    const auto colon = line->find(':');
    if (colon == std::string_view::npos) continue;  // the empty line at the end
    trailers.push_back({std::string(line->substr(0, colon)), std::string(line->substr(colon + 1))});
  }
  return joined;
}

Decoded decode_s3(const base::HttpRequest& request, Decoded decoded) {
  ApiCall& call = decoded.call;
  const Target target = target_of(request);
  const auto mark = request.url.find('?');
  const auto query =
      parse_form(mark == std::string::npos ? std::string_view{}
                                           : std::string_view(request.url).substr(mark + 1));
  if (!query) {
    decoded.error = ApiError{"InvalidArgument", query.error().message, 400, {}};
    return decoded;
  }
  bool known = true;
  for (const auto& [name, value] : *query) {
    known = known && std::ranges::find(kParameters, name) != kParameters.end();
    call.arguments[name] = value;
  }
  call.operation = operation_of(request.method, target, call.arguments);
  call.arguments["Bucket"] = target.bucket;
  call.arguments["Key"] = target.key;
  call.arguments["ChecksumMode"] = header(request, "x-amz-checksum-mode");
  const bool copy = base::find_header(request.headers, "x-amz-copy-source").has_value();
  if (!known || copy || call.operation.empty()) {
    decoded.error = not_implemented();
  } else if (call.operation == "PutObject") {
    decoded.error = read_put(request, call.arguments);
  }
  return decoded;
}

base::HttpResponse encode_s3(const ApiCall& call, const ApiOutcome& outcome) {
  if (const auto* error = std::get_if<ApiError>(&outcome)) return encode_s3_error(call, *error);
  const Json& result = std::get<ApiAnswer>(outcome).result;
  const std::string& operation = call.operation;
  const bool deletes = operation == "DeleteObject" || operation == "DeleteBucket";
  base::HttpResponse response = answer_of(call, deletes ? 204 : 200);
  if (operation == "ListObjectsV2" || operation == "ListBuckets") {
    const char* name = operation == "ListBuckets" ? "ListAllMyBucketsResult" : "ListBucketResult";
    std::string members;
    append_xml_members(members, result, ListStyle::kFlattened);
    set_xml(response, fmt::format("<{} xmlns=\"{}\">", name, kNamespace), members);
    return response;
  }
  if (operation == "GetBucketLocation") {
    std::string text;
    append_xml_text(text, result.value("LocationConstraint", ""));
    set_xml(response, fmt::format("<LocationConstraint xmlns=\"{}\">", kNamespace), text);
    return response;
  }
  for (const auto& [name, value] : result.items()) {
    if (name == kS3Body) {
      response.body = value.get<std::string>();
    } else {
      response.headers.push_back({name, value.get<std::string>()});
    }
  }
  return response;
}

}  // namespace sim
