#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>

namespace bench {

// So many messages held for ten virtual minutes: what it took, and how many were lost.
void measure_held(std::size_t messages, nlohmann::ordered_json& json);

}  // namespace bench
