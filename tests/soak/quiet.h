// The soak breaks everything on purpose, and the runtime says so, many times a virtual second.
#pragma once

#include "base/log.h"

namespace soak {

inline void log_nothing() {
  base::configure_log(static_cast<base::LogLevel>(static_cast<int>(base::LogLevel::kError) + 1),
                      base::LogFormat::kText);
}

}  // namespace soak
