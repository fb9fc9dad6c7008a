// Environment: how configuration variables are read. A value, so that tests bring their own.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace aws {

// The variable's value; nullopt when it is not set. An empty value counts as not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

Environment process_environment();
Environment map_environment(std::map<std::string, std::string> variables);

}  // namespace aws
