#include "sim/protocol.h"

#include "base/gzip.h"
#include "sim/query_decode.h"
#include "sim/s3_rest.h"
#include "sim/sqs_query.h"
#include "sim/xml_encode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sim {

namespace {

constexpr int kJsonDepthMax = 64;
constexpr std::size_t kPlainBytesMax = 4U << 20U;  // of a compressed body

constexpr std::array<ServiceInfo, 17> kServices = {{
    {"sqs", "AmazonSQS", "1.0", "http://queue.amazonaws.com/doc/2012-11-05/", "2012-11-05",
     "sqs.amazonaws.com"},
    {"cloudtrail", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", "1.1", "", "",
     "cloudtrail.amazonaws.com"},
    {"autoscaling", "", "", "http://autoscaling.amazonaws.com/doc/2011-01-01/", "2011-01-01",
     "autoscaling.amazonaws.com"},
    {"ec2", "", "", "http://ec2.amazonaws.com/doc/2016-11-15/", "2016-11-15", "ec2.amazonaws.com"},
    {"elasticloadbalancing", "", "", "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
     "2015-12-01", "elasticloadbalancing.amazonaws.com"},
    {"elasticloadbalancing", "", "", "http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/",
     "2012-06-01", "elasticloadbalancing.amazonaws.com"},
    {"sts", "", "", "https://sts.amazonaws.com/doc/2011-06-15/", "2011-06-15", "sts.amazonaws.com"},
    {"events", "AWSEvents", "1.1", "", "", "events.amazonaws.com"},
    {"states", "AWSStepFunctions", "1.0", "", "", "states.amazonaws.com"},
    {"s3", "", "", "", "", "s3.amazonaws.com"},
    {"monitoring", "", "", "http://monitoring.amazonaws.com/doc/2010-08-01/", "2010-08-01",
     "monitoring.amazonaws.com"},
    {"sns", "", "", "http://sns.amazonaws.com/doc/2010-03-31/", "2010-03-31", "sns.amazonaws.com"},
    {"dynamodb", "DynamoDB_20120810", "1.0", "", "", "dynamodb.amazonaws.com"},
    {"ecs", "AmazonEC2ContainerServiceV20141113", "1.1", "", "", "ecs.amazonaws.com"},
    {"logs", "Logs_20140328", "1.1", "", "", "logs.amazonaws.com"},
    {"ssm", "AmazonSSM", "1.1", "", "", "ssm.amazonaws.com"},
    {"secretsmanager", "secretsmanager", "1.1", "", "", "secretsmanager.amazonaws.com"},
}};

std::string header(const base::HttpRequest& request, std::string_view name) {
  return std::string(base::find_header(request.headers, name).value_or(""));
}

std::string_view path_of(const base::HttpRequest& request) {
  return std::string_view(request.url).substr(0, request.url.find('?'));
}

std::string_view query_of(const base::HttpRequest& request) {
  const std::size_t mark = request.url.find('?');
  return mark == std::string::npos ? std::string_view{}
                                   : std::string_view(request.url).substr(mark + 1);
}

std::string endpoint_of(const base::HttpRequest& request) {
  const std::string host = header(request, "Host");
  if (host.empty()) return {};
  return (host.ends_with(".amazonaws.com") ? "https://" : "http://") + host;
}

bool nested_too_deeply(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kJsonDepthMax) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

// The error codes that every service answers with are spelt differently in JSON.
std::string json_error_type(std::string_view service, const std::string& code) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kCommon = {{
      {"SignatureDoesNotMatch", "InvalidSignatureException"},
      {"InvalidClientTokenId", "UnrecognizedClientException"},
      {"ExpiredToken", "ExpiredTokenException"},
      {"MissingAuthenticationToken", "MissingAuthenticationTokenException"},
      {"IncompleteSignature", "IncompleteSignatureException"},
      {"InvalidAction", "UnknownOperationException"},
      {"MalformedInput", "SerializationException"},
      {"MissingParameter", "MissingRequiredParameterException"},
      {"InvalidParameterValue", "InvalidParameterValueException"},
  }};
  for (const auto& [query, json] : kCommon) {
    if (code == query) return fmt::format("com.amazon.coral.service#{}", json);
  }
  if (service == "sqs") return fmt::format("com.amazonaws.sqs#{}", code);
  if (service == "dynamodb") {
    if (code == "ValidationException") return "com.amazon.coral.validate#" + code;
    return fmt::format("com.amazonaws.dynamodb.v20120810#{}", code);
  }
  return code;
}

Decoded decode_json(const base::HttpRequest& request, Decoded decoded) {
  const std::string target = header(request, "X-Amz-Target");
  const std::size_t dot = target.rfind('.');
  const ServiceInfo* info = find_service(decoded.call.service);
  if (dot == std::string::npos || info == nullptr || info->target_prefix.empty() ||
      std::string_view(target).substr(0, dot) != info->target_prefix) {
    decoded.error = unknown_operation(decoded.call);
    return decoded;
  }
  decoded.call.operation = target.substr(dot + 1);
  if (request.body.empty()) return decoded;
  std::optional<Json> body = parse_json(request.body);
  if (!body || !body->is_object()) {
    decoded.error = ApiError{"MalformedInput", "The request body is not a JSON object", 400, {}};
    return decoded;
  }
  decoded.call.arguments = std::move(*body);
  return decoded;
}

base::Result<std::string> plain_body(const base::HttpRequest& request) {
  if (header(request, "Content-Encoding") != "gzip") return request.body;
  return base::gunzip(request.body, kPlainBytesMax);
}

Decoded decode_query(const base::HttpRequest& request, Decoded decoded) {
  base::Result<FormPairs> pairs = parse_form(query_of(request));
  if (pairs && request.method != "GET") {
    const auto body = plain_body(request);
    base::Result<FormPairs> form = body ? parse_form(*body) : base::Result<FormPairs>(body.error());
    if (form) {
      pairs->insert(pairs->end(), form->begin(), form->end());
    } else {
      pairs = std::move(form);
    }
  }
  Json nested;
  const auto read = pairs ? nest_parameters(*pairs, nested) : base::Result<void>(pairs.error());
  if (!read) {
    decoded.error = ApiError{"MalformedQueryString", read.error().message, 400, {}};
    return decoded;
  }
  ApiCall& call = decoded.call;
  for (const auto& [name, member] :
       {std::pair{"Action", &call.operation}, std::pair{"Version", &call.api_version}}) {
    if (nested.contains(name) && nested[name].is_string()) {
      *member = nested[name].get<std::string>();
    }
    nested.erase(name);
  }
  call.arguments = std::move(nested);
  if (call.operation.empty()) {
    decoded.error =
        ApiError{"MissingAction", "The request must contain the parameter Action", 400, {}};
  } else if (call.service == "sqs") {
    sqs_arguments_from_query(call, path_of(request));
  }
  return decoded;
}

base::HttpResponse response(const ApiCall& call, int status, std::string content_type,
                            std::string body) {
  base::HttpResponse answer;
  answer.status = status;
  answer.headers = {{"Content-Type", std::move(content_type)},
                    {"x-amzn-RequestId", call.request_id}};
  answer.body = std::move(body);
  return answer;
}

std::string json_content_type(const ApiCall& call) {
  const ServiceInfo* info = find_service(call.service);
  const bool known = info != nullptr && !info->json_version.empty();
  return fmt::format("application/x-amz-json-{}", known ? info->json_version : "1.0");
}

std::string_view namespace_of(const ApiCall& call) {
  const ServiceInfo* info = find_service(call.service, call.api_version);
  return info == nullptr ? std::string_view{} : info->xml_namespace;
}

std::string query_body(const ApiCall& call, const Json& result) {
  const std::string& name = call.operation;
  std::string out =
      fmt::format("<?xml version=\"1.0\"?>\n<{}Response xmlns=\"{}\">", name, namespace_of(call));
  out += fmt::format("<{}Result>", name);
  if (call.service == "sqs") {
    append_xml_members(out, sqs_result_for_query(name, result), ListStyle::kFlattened);
  } else {
    append_xml_members(out, result, ListStyle::kMember);
  }
  out += fmt::format("</{}Result>", name);
  out += fmt::format("<ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{}Response>",
                     call.request_id, name);
  return out;
}

std::string ec2_body(const ApiCall& call, const Json& result) {
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{}Response "
      "xmlns=\"{}\"><requestId>{}</requestId>",
      call.operation, namespace_of(call), call.request_id);
  if (result.empty()) {
    out += "<return>true</return>";
  } else {
    append_xml_members(out, result, ListStyle::kItem);
  }
  out += fmt::format("</{}Response>", call.operation);
  return out;
}

}  // namespace

std::string dump_json(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Json> parse_json(std::string_view text) {
  if (nested_too_deeply(text)) return std::nullopt;
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

const ServiceInfo* find_service(std::string_view scope, std::string_view api_version) {
  const ServiceInfo* found = nullptr;
  for (const ServiceInfo& info : kServices) {
    if (info.scope != scope) continue;
    if (info.api_version == api_version) return &info;
    if (found == nullptr) found = &info;
  }
  return found;
}

std::string guess_service(const base::HttpRequest& request) {
  const std::string host = header(request, "Host");
  if (host.starts_with("s3.") || host.find(".s3.") != std::string::npos) return "s3";
  const std::string target = header(request, "X-Amz-Target");
  std::string version;
  for (const std::string_view text : {query_of(request), std::string_view(request.body)}) {
    if (const auto pairs =
            target.empty() ? parse_form(text) : base::Result<FormPairs>(FormPairs{})) {
      for (const auto& [name, value] : *pairs) {
        if (name == "Version") version = value;
      }
    }
  }
  for (const ServiceInfo& info : kServices) {
    if (!target.empty() && !info.target_prefix.empty() &&
        target.starts_with(fmt::format("{}.", info.target_prefix))) {
      return std::string(info.scope);
    }
    if (!version.empty() && info.api_version == version) return std::string(info.scope);
  }
  return {};
}

Wire wire_of(const base::HttpRequest& request, std::string_view service) {
  if (service == "ec2") return Wire::kEc2;
  if (service == "s3") return Wire::kS3;
  if (base::find_header(request.headers, "X-Amz-Target") ||
      header(request, "Content-Type").starts_with("application/x-amz-json")) {
    return Wire::kJson;
  }
  const ServiceInfo* info = find_service(service);
  const bool only_json = info != nullptr && info->api_version.empty();
  return only_json ? Wire::kJson : Wire::kQuery;
}

Decoded decode_request(const base::HttpRequest& request, std::string_view service, Wire wire) {
  Decoded decoded;
  decoded.call.service = service;
  decoded.call.user_agent = header(request, "User-Agent");
  decoded.call.endpoint = endpoint_of(request);
  if (wire == Wire::kS3) return decode_s3(request, std::move(decoded));
  return wire == Wire::kJson ? decode_json(request, std::move(decoded))
                             : decode_query(request, std::move(decoded));
}

base::HttpResponse encode_outcome(Wire wire, const ApiCall& call, const ApiOutcome& outcome) {
  if (wire == Wire::kS3) return encode_s3(call, outcome);
  if (const auto* error = std::get_if<ApiError>(&outcome)) return encode_error(wire, call, *error);
  const Json& result = std::get<ApiAnswer>(outcome).result;
  switch (wire) {
    case Wire::kJson:
      return response(call, 200, json_content_type(call), dump_json(result));
    case Wire::kQuery:
      return response(call, 200, "text/xml", query_body(call, result));
    case Wire::kEc2:
      return response(call, 200, "text/xml;charset=UTF-8", ec2_body(call, result));
    case Wire::kS3:
      break;  // above
  }
  return {};
}

base::HttpResponse encode_error(Wire wire, const ApiCall& call, const ApiError& error) {
  if (wire == Wire::kS3) return encode_s3(call, error);
  const std::string& query_code = error.query_code.empty() ? error.code : error.query_code;
  if (wire == Wire::kJson) {
    const std::string type = json_error_type(call.service, error.code);
    Json body = {{"__type", type}, {"message", error.message}};
    body.update(error.members);
    base::HttpResponse answer =
        response(call, error.status, json_content_type(call), dump_json(body));
    if (call.service == "sqs") {
      answer.headers.push_back(
          {"x-amzn-query-error",
           fmt::format("{};{}", query_code, error.status < 500 ? "Sender" : "Receiver")});
    }
    return answer;
  }
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  if (wire == Wire::kEc2) {
    out += "<Response><Errors><Error>";
  } else {
    out += fmt::format("<ErrorResponse xmlns=\"{}\"><Error><Type>{}</Type>", namespace_of(call),
                       error.status < 500 ? "Sender" : "Receiver");
  }
  append_xml_element(out, "Code", query_code);
  append_xml_element(out, "Message", error.message);
  out += wire == Wire::kEc2
             ? fmt::format("</Error></Errors><RequestID>{}</RequestID></Response>", call.request_id)
             : fmt::format("</Error><RequestId>{}</RequestId></ErrorResponse>", call.request_id);
  return response(call, error.status, "text/xml", std::move(out));
}

ApiError unknown_operation(const ApiCall& call) {
  return {"InvalidAction",
          fmt::format("The action {} is not valid for this web service.",
                      call.operation.substr(0, 128)),
          400,
          {}};
}

}  // namespace sim
