// Decodes AWS Query and EC2 parameters: "Tags.member.1.Key=a" -> {"Tags":[{"Key":"a"}]}.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html
#pragma once

#include "base/result.h"
#include "sim/service.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sim {

using FormPairs = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::size_t kFormPairsMax = 50'000;
inline constexpr std::size_t kFormDepthMax = 16;

// "a=1&b=x+y" in order, decoded. kInvalid when there are more than kFormPairsMax.
base::Result<FormPairs> parse_form(std::string_view text);

// Nested objects and lists; every leaf is a string. Lists are what is numbered ("Name.1",
// "Name.member.1"), in order of their numbers, gaps closed. kInvalid for a name that is both a
// value and a structure, or nested deeper than kFormDepthMax.
base::Result<void> nest_parameters(const FormPairs& pairs, Json& nested);

}  // namespace sim
