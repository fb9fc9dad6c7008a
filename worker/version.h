// The version that --version prints and /metrics reports; CMake's project version.
#pragma once

namespace worker {

#ifdef AUTORECYCLE_VERSION
inline constexpr const char* kVersion = AUTORECYCLE_VERSION;
#else
inline constexpr const char* kVersion = "0.0.0";
#endif

}  // namespace worker
