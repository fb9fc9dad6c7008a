#include "sim/s3_service.h"

#include "sim/arguments.h"
#include "sim/s3_rest.h"
#include "sim/sqs_message.h"

#include <date/date.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace sim {

namespace {

constexpr std::size_t kKeyBytesMax = 1024;
constexpr std::int64_t kKeysPerPage = 1000;

ApiError no_such_bucket() {
  return {"NoSuchBucket", "The specified bucket does not exist", 404, {}};
}
ApiError no_such_key() { return {"NoSuchKey", "The specified key does not exist.", 404, {}}; }

std::string text_of(const ApiCall& call, const char* name) {
  const auto member = call.arguments.find(name);
  return member == call.arguments.end() ? std::string() : scalar_text(*member).value_or("");
}

std::string bytes_of_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

bool is_bucket_name(const std::string& name) {
  const bool characters = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  return characters && name.size() >= 3 && name.size() <= 63 && name.front() != '-' &&
         name.front() != '.' && name.back() != '-' && name.back() != '.';
}

std::string iso_time(base::TimePoint time) {
  return date::format("%Y-%m-%dT%H:%M:%SZ", std::chrono::floor<std::chrono::milliseconds>(time));
}

// CRC-32 of IEEE 802.3, bit by bit: what today's SDKs send unless told otherwise.
std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

std::string crc32_base64(std::string_view body) {
  return base64_encode(bytes_of_hex(fmt::format("{:08x}", crc32(body))));
}

// What the sender says about the body, compared with the body.
std::optional<ApiError> check_digests(const Json& headers, const std::string& body) {
  const auto given = [&](const char* name) { return headers.value(name, std::string()); };
  if (const std::string md5 = given("content-md5"); !md5.empty()) {
    const auto bytes = base64_decode(md5);
    if (!bytes || bytes->size() != 16) {
      return ApiError{"InvalidDigest", "The Content-MD5 you specified was invalid.", 400, {}};
    }
    if (*bytes != bytes_of_hex(md5_hex(body))) {
      return ApiError{
          "BadDigest", "The Content-MD5 you specified did not match what we received.", 400, {}};
    }
  }
  const std::pair<const char*, std::string (*)(std::string_view)> checksums[] = {
      {"sha256",
       [](std::string_view bytes) { return base64_encode(bytes_of_hex(sha256_hex_of(bytes))); }},
      {"crc32", crc32_base64}};
  for (const auto& [name, compute] : checksums) {
    const std::string value = given(fmt::format("x-amz-checksum-{}", name).c_str());
    if (!value.empty() && value != compute(body)) {
      std::string shown = name;
      for (char& c : shown) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      return ApiError{
          "BadDigest",
          fmt::format("The {} you specified did not match the calculated checksum.", shown),
          400,
          {}};
    }
  }
  return std::nullopt;
}

}  // namespace

boost::asio::awaitable<ApiOutcome> S3Service::handle(ApiCall call) { co_return carry_out(call); }

ApiOutcome S3Service::carry_out(ApiCall& call) {
  const std::string name = text_of(call, "Bucket");
  const std::string& operation = call.operation;
  if (operation == "ListBuckets") return list_buckets();
  if (operation == "CreateBucket") return create_bucket(name);
  const auto stored = buckets_.find(name);
  if (stored == buckets_.end()) return no_such_bucket();
  Bucket& bucket = stored->second.objects;
  if (operation == "HeadBucket") return ApiAnswer{};
  if (operation == "GetBucketLocation") {
    return ApiAnswer{{{"LocationConstraint", world_.config().region}}, {}, {}};
  }
  if (operation == "DeleteBucket") {
    if (!bucket.empty()) {
      return ApiError{"BucketNotEmpty", "The bucket you tried to delete is not empty", 409, {}};
    }
    buckets_.erase(stored);
    return ApiAnswer{};
  }
  if (operation == "ListObjectsV2") return list(call, bucket);
  if (operation == "PutObject") return put(call, bucket);
  const std::string key = text_of(call, "Key");
  if (operation == "DeleteObject") {
    bucket.erase(key);
    return ApiAnswer{};
  }
  if (operation != "GetObject" && operation != "HeadObject") {
    return ApiError{"NotImplemented",
                    "A header or query parameter implies functionality that is not implemented",
                    501,
                    {}};
  }
  const auto found = bucket.find(key);
  if (found == bucket.end()) return no_such_key();
  const Object& object = found->second;
  ApiAnswer answer;
  answer.result = {{kS3Body, object.body},
                   {"ETag", object.etag},
                   {"Last-Modified", s3_http_date(object.modified_at)},
                   {"Accept-Ranges", "bytes"}};
  const bool checksums = text_of(call, "ChecksumMode") == "ENABLED";
  for (const auto& [header, value] : object.headers.items()) {
    if (checksums || !header.starts_with("x-amz-checksum-")) answer.result[header] = value;
  }
  return answer;
}

ApiOutcome S3Service::list_buckets() const {
  Json list = Json::array();
  for (const auto& [name, bucket] : buckets_) {
    list.push_back({{"Name", name}, {"CreationDate", iso_time(bucket.created_at)}});
  }
  return ApiAnswer{
      {{"Owner", {{"ID", world_.config().account}}}, {"Buckets", {{"Bucket", std::move(list)}}}},
      {},
      {}};
}

ApiOutcome S3Service::create_bucket(const std::string& name) {
  if (!is_bucket_name(name)) {
    return ApiError{"InvalidBucketName", "The specified bucket is not valid.", 400, {}};
  }
  if (buckets_.contains(name)) {
    return ApiError{"BucketAlreadyOwnedByYou",
                    "Your previous request to create the named bucket succeeded and you already "
                    "own it.",
                    409,
                    {}};
  }
  create(name);
  return ApiAnswer{{{"Location", "/" + name}}, {}, {}};
}

ApiOutcome S3Service::put(ApiCall& call, Bucket& bucket) {
  const std::string key = text_of(call, "Key");
  if (key.size() > kKeyBytesMax) {
    return ApiError{"KeyTooLongError", "Your key is too long", 400, {}};
  }
  Object object;
  object.body = std::move(call.arguments[kS3Body].get_ref<std::string&>());
  object.headers = std::move(call.arguments["Headers"]);
  if (auto error = check_digests(object.headers, object.body)) return *error;
  object.headers.erase("content-md5");
  object.etag = fmt::format("\"{}\"", md5_hex(object.body));
  object.modified_at = world_.clock().now();
  ApiAnswer answer;
  answer.result["ETag"] = object.etag;
  for (const auto& [header, value] : object.headers.items()) {
    if (header.starts_with("x-amz-checksum-")) answer.result[header] = value;
  }
  bucket[key] = std::move(object);
  return answer;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
ApiOutcome S3Service::list(const ApiCall& call, const Bucket& bucket) const {
  const std::string prefix = text_of(call, "prefix");
  const std::string delimiter = text_of(call, "delimiter");
  const std::string token = text_of(call, "continuation-token");
  const std::string after = token.empty() ? text_of(call, "start-after") : token;
  const bool encode = text_of(call, "encoding-type") == "url";
  const auto shown = [&](const std::string& text) {
    return encode ? base::percent_encode(text, true) : text;
  };
  const auto keys_max = std::clamp<std::int64_t>(
      parse_integer(text_of(call, "max-keys")).value_or(kKeysPerPage), 0, kKeysPerPage);
  Json contents = Json::array();
  std::set<std::string> groups;
  std::string last;
  bool more = false;
  for (auto entry = bucket.lower_bound(prefix); entry != bucket.end(); ++entry) {
    const auto& [key, object] = *entry;
    if (!key.starts_with(prefix)) break;
    const auto cut = delimiter.empty() ? std::string::npos : key.find(delimiter, prefix.size());
    const std::string group =
        cut == std::string::npos ? std::string() : key.substr(0, cut + delimiter.size());
    if (key <= after || (!group.empty() && (groups.contains(group) || group <= after))) continue;
    if (static_cast<std::int64_t>(contents.size() + groups.size()) >= keys_max) {
      more = keys_max > 0;
      break;
    }
    last = group.empty() ? key : group;
    if (!group.empty()) {
      groups.insert(group);
      continue;
    }
    contents.push_back({{"Key", shown(key)},
                        {"LastModified", iso_time(object.modified_at)},
                        {"ETag", object.etag},
                        {"Size", object.body.size()},
                        {"StorageClass", "STANDARD"}});
  }
  ApiAnswer answer;
  answer.result = {{"Name", text_of(call, "Bucket")},
                   {"Prefix", shown(prefix)},
                   {"KeyCount", contents.size() + groups.size()},
                   {"MaxKeys", keys_max},
                   {"IsTruncated", more}};
  if (!delimiter.empty()) answer.result["Delimiter"] = shown(delimiter);
  if (encode) answer.result["EncodingType"] = "url";
  if (!token.empty()) answer.result["ContinuationToken"] = token;
  if (more) answer.result["NextContinuationToken"] = last;
  answer.result["Contents"] = std::move(contents);
  Json prefixes = Json::array();
  for (const std::string& group : groups) prefixes.push_back({{"Prefix", shown(group)}});
  answer.result["CommonPrefixes"] = std::move(prefixes);
  return answer;
}

const S3Service::Object* S3Service::find(const std::string& bucket, const std::string& key) const {
  const auto stored = buckets_.find(bucket);
  if (stored == buckets_.end()) return nullptr;
  const auto object = stored->second.objects.find(key);
  return object == stored->second.objects.end() ? nullptr : &object->second;
}

std::size_t S3Service::size(const std::string& bucket) const {
  const auto stored = buckets_.find(bucket);
  return stored == buckets_.end() ? 0 : stored->second.objects.size();
}

void S3Service::erase(const std::string& bucket, const std::string& key) {
  const auto stored = buckets_.find(bucket);
  if (stored != buckets_.end()) stored->second.objects.erase(key);
}

}  // namespace sim
