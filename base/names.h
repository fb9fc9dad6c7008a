// Distinct types for things that are all strings and could be swapped by mistake.
#pragma once

#include <compare>
#include <string>
#include <utility>

namespace base {

template <class Tag>
struct Name {
  std::string value;

  Name() = default;
  explicit Name(std::string text) : value(std::move(text)) {}
  bool empty() const { return value.empty(); }
  friend auto operator<=>(const Name&, const Name&) = default;
};

using Region = Name<struct RegionTag>;                // "eu-west-2"
using QueueUrl = Name<struct QueueUrlTag>;            // "https://sqs.../123456789012/name"
using ReceiptHandle = Name<struct ReceiptHandleTag>;  // valid until the visibility timeout passes
using GroupName = Name<struct GroupNameTag>;          // Auto Scaling group name
using InstanceId = Name<struct InstanceIdTag>;        // "i-0abc"

}  // namespace base
