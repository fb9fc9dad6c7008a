// SQS's old Query form, translated to and from the members of its JSON form, so that the service
// knows only one of them.
#pragma once

#include "sim/service.h"

#include <string>
#include <string_view>

namespace sim {

// Renames in place: "Attribute.1.Name=x&Attribute.1.Value=y" -> {"Attributes":{"x":"y"}} and so on.
// `path` is the request's; "/123456789012/name" names the queue when QueueUrl does not.
void sqs_arguments_from_query(ApiCall& call, std::string_view path);

// {"Messages":[..]} -> {"Message":[..]} with flattened maps, ready for ListStyle::kFlattened.
Json sqs_result_for_query(const std::string& operation, const Json& result);

}  // namespace sim
