// Alarm, for worker/: see base/alarm.h.
#pragma once

#include "base/alarm.h"

namespace worker {

using base::Alarm;

}  // namespace worker
