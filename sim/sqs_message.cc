#include "sim/sqs_message.h"

#include "sim/arguments.h"
#include "sim/sqs_errors.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace sim {

namespace {

constexpr std::size_t kNameMax = 256;

std::string digest_hex(std::string_view text, const EVP_MD* algorithm) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, algorithm, nullptr);
  std::string out;
  for (unsigned int i = 0; i < size; ++i) out += fmt::format("{:02x}", digest.at(i));
  return out;
}

void append_length_prefixed(std::string& out, std::string_view text) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>((text.size() >> static_cast<unsigned>(shift)) & 0xFFU);
  }
  out += text;
}

bool is_number(const std::string& text) {
  if (text.empty() || text.size() > 64) return false;
  std::size_t i = text[0] == '-' || text[0] == '+' ? 1 : 0;
  std::size_t digits = 0;
  bool dot = false;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.' && !dot) {
      dot = true;
    } else if (text[i] >= '0' && text[i] <= '9') {
      ++digits;
    } else {
      return false;
    }
  }
  if (digits == 0) return false;
  return i == text.size() || parse_integer(text.substr(i + 1)).has_value();
}

std::optional<ApiError> check_name(const std::string& name) {
  const bool characters_ok = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
  if (name.empty() || name.size() > kNameMax || !characters_ok || name.starts_with('.') ||
      name.ends_with('.') || name.find("..") != std::string::npos) {
    return sqs_invalid(
        "The message attribute name '" + name.substr(0, kNameMax) +
        "' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and "
        "period (.) characters, must not start or end with a period, and can be up to 256 long.");
  }
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  if (lower.starts_with("aws.") || lower.starts_with("amazon.")) {
    return sqs_invalid(fmt::format(
        "The message attribute name '{}' is invalid: it uses a reserved prefix.", name));
  }
  return std::nullopt;
}

std::optional<ApiError> read_attribute(const std::string& name, const Json& json,
                                       MessageAttribute& attribute) {
  if (auto error = check_name(name)) return error;
  Arguments args(json, ErrorStyle::kSqs);
  attribute.data_type = args.text_or("DataType", {});
  const std::string kind = attribute.data_type.substr(0, attribute.data_type.find('.'));
  if (attribute.data_type.size() > kNameMax ||
      (kind != "String" && kind != "Number" && kind != "Binary")) {
    return sqs_invalid(fmt::format(
        "The message attribute '{}' has an invalid message attribute type, the set of supported "
        "type prefixes is Binary, Number, and String.",
        name));
  }
  attribute.value = args.text_or(kind == "Binary" ? "BinaryValue" : "StringValue", {});
  if (args.error()) return args.error();
  if (attribute.value.empty()) {
    return sqs_invalid(fmt::format("The message attribute '{}' with type '{}' must use field '{}'.",
                                   name, attribute.data_type,
                                   kind == "Binary" ? "Binary" : "String"));
  }
  if (kind == "Binary") {
    std::optional<std::string> bytes = base64_decode(attribute.value);
    if (!bytes || bytes->empty()) {
      return sqs_invalid(fmt::format("The message attribute '{}' is not valid base64.", name));
    }
    attribute.value = std::move(*bytes);
    return std::nullopt;
  }
  if (kind == "Number" && !is_number(attribute.value)) {
    return sqs_invalid(
        fmt::format("Can't cast the value of message (user) attribute '{}' to a number.", name));
  }
  if (auto refused = find_refused_character(attribute.value)) {
    return sqs_invalid(
        fmt::format("Invalid binary character '{}' was found in the message "
                    "attribute '{}' value.",
                    *refused, name));
  }
  return std::nullopt;
}

// One code point; 0xFFFFFFFF for bytes that are not UTF-8.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  constexpr std::uint32_t kBad = 0xFFFFFFFF;
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const std::uint32_t first = byte(at);
  std::size_t more = 0;
  std::uint32_t value = 0;
  if (first < 0x80) {
    value = first;
  } else if (first >= 0xC2 && first < 0xE0) {
    more = 1;
    value = first & 0x1FU;
  } else if (first >= 0xE0 && first < 0xF0) {
    more = 2;
    value = first & 0x0FU;
  } else if (first >= 0xF0 && first < 0xF5) {
    more = 3;
    value = first & 0x07U;
  } else {
    return kBad;
  }
  for (std::size_t i = 1; i <= more; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80U) return kBad;
    value = (value << 6U) | (byte(at + i) & 0x3FU);
  }
  if ((more == 2 && value < 0x800) || (more == 3 && value < 0x10000)) return kBad;
  at += more + 1;
  return value;
}

}  // namespace

std::optional<ApiError> read_attributes(const Json& json, MessageAttributes& attributes) {
  if (json.is_null()) return std::nullopt;
  if (!json.is_object()) return sqs_invalid("MessageAttributes must be a map of structures.");
  if (json.size() > kMessageAttributesMax) {
    return sqs_invalid(
        fmt::format("Number of message attributes [{}] exceeds the allowed maximum "
                    "[{}].",
                    json.size(), kMessageAttributesMax));
  }
  for (const auto& [name, value] : json.items()) {
    if (auto error = read_attribute(name, value, attributes[name])) return error;
  }
  return std::nullopt;
}

Json attributes_json(const MessageAttributes& attributes) {
  Json json = Json::object();
  for (const auto& [name, attribute] : attributes) {
    Json& entry = json[name];
    if (attribute.is_binary()) {
      entry["BinaryValue"] = base64_encode(attribute.value);
    } else {
      entry["StringValue"] = attribute.value;
    }
    entry["DataType"] = attribute.data_type;
  }
  return json;
}

std::size_t bytes_of(const std::string& body, const MessageAttributes& attributes) {
  std::size_t bytes = body.size();
  for (const auto& [name, attribute] : attributes) {
    bytes += name.size() + attribute.data_type.size() + attribute.value.size();
  }
  return bytes;
}

std::optional<std::string> find_refused_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::uint32_t c = next_code_point(text, at);
    const bool allowed = c == 0x9 || c == 0xA || c == 0xD || (c >= 0x20 && c <= 0xD7FF) ||
                         (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF);
    if (!allowed) return fmt::format("#x{:X}", c == 0xFFFFFFFF ? byte : c);
  }
  return std::nullopt;
}

std::string md5_hex(std::string_view text) { return digest_hex(text, EVP_md5()); }

std::string sha256_hex_of(std::string_view text) { return digest_hex(text, EVP_sha256()); }

std::string md5_of_attributes(const MessageAttributes& attributes) {
  std::string bytes;
  for (const auto& [name, attribute] : attributes) {
    append_length_prefixed(bytes, name);
    append_length_prefixed(bytes, attribute.data_type);
    bytes += attribute.is_binary() ? '\x02' : '\x01';
    append_length_prefixed(bytes, attribute.value);
  }
  return md5_hex(bytes);
}

std::string base64_encode(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out(text.size() / 4 * 3 + 1, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

}  // namespace sim
