// What an HTTP answer means for a notification. Pure.
#pragma once

#include "base/http.h"
#include "base/result.h"
#include "consumers/recycle/notify/sink.h"

namespace consumers::recycle {

// 2xx is taken; 408, 429, 5xx and what the network does are tried again, after Retry-After
// (seconds) if there is one; anything else is refused. The body is not looked at and not repeated.
Receipt receipt_of(const base::Result<base::HttpResponse>& response);

inline constexpr base::Duration kNotifyTimeout{10'000};  // of one attempt
inline constexpr base::Duration kRetryAfterMax = std::chrono::minutes(15);

}  // namespace consumers::recycle
