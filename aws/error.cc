#include "aws/error.h"

#include "aws/json.h"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <algorithm>
#include <array>

namespace aws {

namespace {

using base::ErrorKind;
using enum base::ErrorKind;

constexpr std::size_t kMessageBytesMax = 512;
constexpr std::size_t kCodeBytesMax = 128;

// Sources: each service's "Common Errors" and operation pages, and the SDKs' retry lists.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
constexpr auto kTable = std::to_array<ErrorRow>({
    {"AWS.SimpleQueueService.BatchEntryIdsNotDistinct", kInvalid},
    {"AWS.SimpleQueueService.BatchRequestTooLong", kInvalid},
    {"AWS.SimpleQueueService.EmptyBatchRequest", kInvalid},
    {"AWS.SimpleQueueService.InvalidBatchEntryId", kInvalid},
    {"AWS.SimpleQueueService.MessageNotInflight", kNotFound},
    {"AWS.SimpleQueueService.NonExistentQueue", kNotFound},
    {"AWS.SimpleQueueService.PurgeQueueInProgress", kRetry},
    {"AWS.SimpleQueueService.QueueDeletedRecently", kRetry},
    {"AWS.SimpleQueueService.TooManyEntriesInBatchRequest", kInvalid},
    {"AWS.SimpleQueueService.UnsupportedOperation", kInvalid},
    {"AccessDenied", kDenied},
    {"AccessDeniedException", kDenied},
    {"ActiveInstanceRefreshNotFound", kNotFound},
    {"AlreadyExists", kInvalid},
    {"AuthFailure", kDenied},
    {"AuthorizationHeaderMalformed", kDenied},
    {"BadDigest", kInvalid},
    {"BandwidthLimitExceeded", kThrottled, true},
    {"BatchEntryIdsNotDistinct", kInvalid},
    {"BatchRequestTooLong", kInvalid},
    {"Blocked", kDenied},
    {"ClientException", kInvalid},
    {"ClusterNotFoundException", kNotFound},
    {"ConditionalCheckFailedException", kInvalid},
    {"DecryptionFailure", kDenied},
    {"DependencyViolation", kRetry},
    {"DryRunOperation", kInvalid},
    {"DuplicateInstanceId", kInvalid},
    {"EC2ThrottledException", kThrottled, true},
    {"EmptyBatchRequest", kInvalid},
    {"EntityTooLarge", kInvalid},
    {"ExecutionAlreadyExists", kInvalid},
    {"ExecutionLimitExceeded", kThrottled},
    {"ExpiredToken", kDenied},
    {"ExpiredTokenException", kDenied},
    {"IDPCommunicationError", kRetry, true},
    {"IncompleteSignature", kDenied},
    {"InstanceRefreshInProgress", kRetry},
    {"InsufficientInstanceCapacity", kRetry},
    {"InternalError", kRetry, true},
    {"InternalFailure", kRetry, true},
    {"InternalServerError", kRetry, true},
    {"InternalServerException", kRetry, true},
    {"InternalServiceError", kRetry, true},
    {"InternalServiceErrorException", kRetry, true},
    {"InvalidAccessKeyId", kDenied},
    {"InvalidAction", kInvalid},
    {"InvalidAddress", kInvalid},
    {"InvalidArn", kInvalid},
    {"InvalidAttributeName", kInvalid},
    {"InvalidAttributeValue", kInvalid},
    {"InvalidBatchEntryId", kInvalid},
    {"InvalidBucketName", kInvalid},
    {"InvalidClientTokenId", kDenied},
    {"InvalidCommandId", kNotFound},
    {"InvalidDigest", kInvalid},
    {"InvalidDocument", kInvalid},
    {"InvalidExecutionInput", kInvalid},
    {"InvalidGroup.NotFound", kNotFound},
    {"InvalidIdFormat", kInvalid},
    {"InvalidInstance", kNotFound},
    {"InvalidInstanceID.Malformed", kInvalid},
    {"InvalidInstanceID.NotFound", kNotFound},
    {"InvalidInstanceId", kNotFound},
    {"InvalidKeyId", kDenied},
    {"InvalidLaunchTemplateId.Malformed", kInvalid},
    {"InvalidLaunchTemplateId.NotFound", kNotFound},
    {"InvalidLaunchTemplateId.VersionNotFound", kNotFound},
    {"InvalidLaunchTemplateName.NotFoundException", kNotFound},
    {"InvalidMessageContents", kInvalid},
    {"InvalidName", kInvalid},
    {"InvalidNextToken", kInvalid},
    {"InvalidObjectState", kInvalid},
    {"InvalidParameter", kInvalid},
    {"InvalidParameterCombination", kInvalid},
    {"InvalidParameterException", kInvalid},
    {"InvalidParameterValue", kInvalid},
    {"InvalidParameters", kInvalid},
    {"InvalidQueryParameter", kInvalid},
    {"InvalidRequestException", kInvalid},
    {"InvalidSecurity", kDenied},
    {"InvalidSignatureException", kDenied},
    {"InvalidTarget", kNotFound},
    {"InvalidToken", kDenied},
    {"InvocationDoesNotExist", kNotFound},
    {"ItemCollectionSizeLimitExceededException", kInvalid},
    {"KeyTooLongError", kInvalid},
    {"KmsAccessDenied", kDenied},
    {"KmsDisabled", kDenied},
    {"KmsInvalidKeyUsage", kDenied},
    {"KmsInvalidState", kDenied},
    {"KmsNotFound", kDenied},
    {"KmsOptInRequired", kDenied},
    {"KmsThrottled", kThrottled, true},
    {"LimitExceeded", kFatal},
    {"LimitExceededException", kThrottled, true},
    {"LoadBalancerNotFound", kNotFound},
    {"MalformedQueryString", kInvalid},
    {"MessageNotInflight", kNotFound},
    {"MissingAction", kInvalid},
    {"MissingAuthenticationToken", kDenied},
    {"MissingAuthenticationTokenException", kDenied},
    {"MissingParameter", kInvalid},
    {"NoSuchBucket", kNotFound},
    {"NoSuchKey", kNotFound},
    {"NotAuthorized", kDenied},
    {"OperationAborted", kRetry, true},
    {"OperationNotPermitted", kDenied},
    {"OptInRequired", kDenied},
    {"OverLimit", kRetry},
    {"ParameterNotFound", kNotFound},
    {"ParameterVersionNotFound", kNotFound},
    {"PendingVerification", kDenied},
    {"PermanentRedirect", kInvalid},
    {"PriorRequestNotComplete", kThrottled, true},
    {"ProvisionedThroughputExceededException", kThrottled, true},
    {"PurgeQueueInProgress", kRetry},
    {"QueueAlreadyExists", kInvalid},
    {"QueueDeletedRecently", kRetry},
    {"QueueDoesNotExist", kNotFound},
    {"QueueNameExists", kInvalid},
    {"ReceiptHandleIsInvalid", kInvalid},
    {"ReplicatedWriteConflictException", kRetry, true},
    {"RequestExpired", kDenied},
    {"RequestLimitExceeded", kThrottled, true},
    {"RequestThrottled", kThrottled, true},
    {"RequestThrottledException", kThrottled, true},
    {"RequestTimeTooSkewed", kDenied},
    {"RequestTimeout", kRetry, true},
    {"RequestTimeoutException", kRetry, true},
    {"ResourceAlreadyExistsException", kInvalid},
    {"ResourceContention", kRetry},
    {"ResourceInUse", kRetry},
    {"ResourceInUseException", kRetry},
    {"ResourceNotFoundException", kNotFound},
    {"ScalingActivityInProgress", kRetry},
    {"ServerException", kRetry, true},
    {"ServiceLinkedRoleFailure", kDenied},
    {"ServiceNotActiveException", kInvalid},
    {"ServiceNotFoundException", kNotFound},
    {"ServiceUnavailable", kRetry, true},
    {"ServiceUnavailableException", kRetry, true},
    {"SignatureDoesNotMatch", kDenied},
    {"SlowDown", kThrottled, true},
    {"StateMachineDeleting", kInvalid},
    {"StateMachineDoesNotExist", kNotFound},
    {"TargetGroupNotFound", kNotFound},
    {"ThrottledException", kThrottled, true},
    {"Throttling", kThrottled, true},
    {"ThrottlingException", kThrottled, true},
    {"TooManyEntriesInBatchRequest", kInvalid},
    {"TooManyRequestsException", kThrottled, true},
    {"TransactionConflictException", kRetry, true},
    {"TransactionInProgressException", kThrottled, true},
    {"UnauthorizedOperation", kDenied},
    {"Unavailable", kRetry, true},
    {"UnknownOperationException", kInvalid},
    {"UnrecognizedClientException", kDenied},
    {"UnsupportedOperation", kInvalid},
    {"UnsupportedProtocol", kInvalid},
    {"ValidationError", kInvalid},
    {"ValidationException", kInvalid},
    {"XAmzContentSHA256Mismatch", kInvalid},
});

static_assert(std::ranges::is_sorted(kTable, {}, &ErrorRow::code));

const ErrorRow* find_row(std::string_view code) {
  const auto row = std::ranges::lower_bound(kTable, code, {}, &ErrorRow::code);
  return row != kTable.end() && row->code == code ? &*row : nullptr;
}

ErrorKind kind_of_status(int status) {
  if (status == 429) return kThrottled;
  if (status >= 500 || status == 408) return kRetry;
  if (status == 401 || status == 403) return kDenied;
  if (status == 404) return kNotFound;
  return status >= 400 ? kInvalid : kFatal;
}

// One line for people, whatever the bytes were.
std::string one_line(std::string_view text, std::size_t bytes_max) {
  std::string line;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
    if (blank && (line.empty() || line.back() == ' ')) continue;
    if (line.size() >= bytes_max) break;
    line += blank ? ' ' : c;
  }
  // A UTF-8 sequence must not end half way.
  if (line.size() >= bytes_max) {
    while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0U) == 0x80U) {
      line.pop_back();
    }
    if (!line.empty() && static_cast<unsigned char>(line.back()) >= 0xC0U) line.pop_back();
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

struct Parsed {
  std::string code;
  std::string query_code;  // the Query protocol's name of the same error, from SQS
  std::string message;
  std::string request_id;
  bool understood = false;
};

// "com.amazonaws.sqs#QueueDoesNotExist", "ThrottlingException:http://..." -> the bare name.
std::string bare_code(std::string_view code) {
  code = code.substr(0, code.find(':'));
  const auto hash = code.rfind('#');
  if (hash != std::string_view::npos) code.remove_prefix(hash + 1);
  return one_line(code, kCodeBytesMax);
}

void parse_json(std::string_view body, Parsed& parsed) {
  const auto json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return;
  parsed.understood = true;
  parsed.code = bare_code(text_member(json, "__type"));
  if (parsed.code.empty()) parsed.code = bare_code(text_member(json, "code"));
  for (const char* name : {"message", "Message", "errorMessage"}) {
    if (parsed.message.empty()) parsed.message = text_member(json, name);
  }
}

void parse_xml(std::string_view body, Parsed& parsed) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size())) return;
  const pugi::xml_node root = document.document_element();
  pugi::xml_node error = root.child("Error");               // ErrorResponse/Error
  if (!error) error = root.child("Errors").child("Error");  // EC2: Response/Errors/Error
  if (!error && std::string_view(root.name()) == "Error") error = root;
  if (!error) return;
  parsed.understood = true;
  parsed.code = bare_code(error.child_value("Code"));
  parsed.message = error.child_value("Message");
  for (const char* name : {"RequestId", "RequestID"}) {
    if (parsed.request_id.empty()) parsed.request_id = root.child_value(name);
  }
}

std::string header(const base::HttpResponse& response, std::string_view name) {
  return std::string(base::find_header(response.headers, name).value_or(""));
}

Parsed parse(const base::HttpResponse& response) {
  Parsed parsed;
  const auto first = response.body.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first != std::string::npos && response.body[first] == '{') {
    parse_json(std::string_view(response.body).substr(first), parsed);
  } else if (first != std::string::npos && response.body[first] == '<') {
    parse_xml(std::string_view(response.body).substr(first), parsed);
  }
  const std::string query_error = header(response, "x-amzn-query-error");
  parsed.query_code = one_line(query_error.substr(0, query_error.find(';')), kCodeBytesMax);
  if (parsed.code.empty()) parsed.code = bare_code(header(response, "x-amzn-errortype"));
  if (parsed.code.empty()) parsed.code = parsed.query_code;
  for (const char* name : {"x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"}) {
    if (parsed.request_id.empty()) parsed.request_id = header(response, name);
  }
  return parsed;
}

std::string strange_answer(std::string_view service, const base::HttpResponse& response) {
  const std::string type = one_line(header(response, "content-type"), 64);
  return fmt::format("HTTP {} from {} without an AWS error in it ({}, {} bytes)", response.status,
                     service, type.empty() ? "no content type" : type, response.body.size());
}

}  // namespace

std::span<const ErrorRow> error_table() { return kTable; }

ErrorKind error_kind(std::string_view code, int status) {
  if (const ErrorRow* row = find_row(code)) return row->kind;
  if (code.ends_with(".NotFound") && status < 500) return kNotFound;
  return kind_of_status(status);
}

bool retry_at_once(const base::Error& error) {
  if (!error.is_transient()) return false;
  const ErrorRow* row = find_row(error.code);
  return row == nullptr || row->retry_at_once;
}

base::Error error_from_response(std::string_view service, const base::HttpResponse& response) {
  Parsed parsed = parse(response);
  base::Error error;
  error.code = parsed.code.empty() ? fmt::format("Http{}", response.status) : parsed.code;
  // The JSON protocol's name first; SQS's Query name covers codes that only exist there.
  const bool by_query_name = find_row(parsed.code) == nullptr && !parsed.query_code.empty();
  error.kind = error_kind(by_query_name ? parsed.query_code : parsed.code, response.status);
  error.message = one_line(parsed.message, kMessageBytesMax);
  if (error.message.empty()) {
    error.message = parsed.code.empty() ? strange_answer(service, response)
                                        : fmt::format("HTTP {} from {}", response.status, service);
  }
  error.request_id = one_line(parsed.request_id, kCodeBytesMax);
  return error;
}

}  // namespace aws
