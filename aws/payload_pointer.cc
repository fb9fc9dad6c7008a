#include "aws/payload_pointer.h"

#include "aws/json.h"

#include <fmt/format.h>

#include <array>

namespace aws {

namespace {

constexpr std::string_view kClass = "software.amazon.payloadoffloading.PayloadS3Pointer";
constexpr std::string_view kLegacyClass = "com.amazon.sqs.javamessaging.MessageS3Pointer";
// The names with every character of the longest key escaped.
constexpr std::size_t kPointerBytesMax = 8192;

std::string_view skip_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

base::Result<std::string> text_field(const Json& object, const char* name) {
  const auto field = object.find(name);
  if (field == object.end()) {
    return base::invalid(fmt::format("the payload pointer has no {}", name));
  }
  if (!field->is_string()) {
    return base::invalid(fmt::format("{} of the payload pointer is a {}, expected a string", name,
                                     field->type_name()));
  }
  return field->get<std::string>();
}

}  // namespace

bool is_payload_pointer(std::string_view body) {
  body = skip_blanks(body);
  if (!body.starts_with('[')) return false;
  body = skip_blanks(body.substr(1));
  if (!body.starts_with('"')) return false;
  body.remove_prefix(1);
  for (const std::string_view name : {kClass, kLegacyClass}) {
    if (body.starts_with(name) && body.substr(name.size()).starts_with('"')) return true;
  }
  return false;
}

base::Result<ObjectName> read_payload_pointer(std::string_view body) {
  if (body.size() > kPointerBytesMax) {
    return base::invalid(fmt::format("the payload pointer has {} bytes, expected at most {}",
                                     body.size(), kPointerBytesMax));
  }
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_array() || json.size() != 2 || !json[1].is_object()) {
    return base::invalid(
        "the payload pointer is not a JSON array of a class name and an object with s3BucketName "
        "and s3Key");
  }
  auto bucket = text_field(json[1], "s3BucketName");
  if (!bucket) return bucket.error();
  auto key = text_field(json[1], "s3Key");
  if (!key) return key.error();
  ObjectName object{std::move(*bucket), std::move(*key)};
  if (auto ok = check_object_name(object); !ok) {
    return ok.error().while_doing("the payload pointer");
  }
  return object;
}

base::Result<std::string> write_payload_pointer(const ObjectName& object) {
  Json pointer = Json::array();
  pointer.push_back(kClass);
  pointer.push_back({{"s3BucketName", object.bucket}, {"s3Key", object.key}});
  return to_text("payload pointer", pointer);
}

}  // namespace aws
