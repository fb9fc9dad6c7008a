// guarded, for worker/: what it is and why, see base/guarded.h.
#pragma once

#include "base/guarded.h"

namespace worker {

using base::guarded;

}  // namespace worker
