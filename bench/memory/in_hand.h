#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>

namespace bench {

// Heap bytes per prefetched and per running message, by part.
void measure_in_hand(std::size_t messages, nlohmann::ordered_json& json);

}  // namespace bench
