// Start-up: finds and checks the queues, so that a wrong name, endpoint or key is said at once and
// by its name.
#pragma once

#include "base/result.h"
#include "worker/config.h"
#include "worker/context.h"

#include <boost/asio/awaitable.hpp>

#include <vector>

namespace worker {

// The queues that the configuration switches on, each with its dead-letter queue. What is transient
// (connection refused, throttling) is tried again until config.startup_timeout; every error names
// the queue, the option, and what to look at. `endpoint` is where SQS is, for those messages.
boost::asio::awaitable<base::Result<std::vector<QueueSettings>>> find_queues(Context& context,
                                                                             Config config,
                                                                             std::string endpoint);

// One queue by name or URL.
boost::asio::awaitable<base::Result<QueueTarget>> find_queue(Context& context, std::string name,
                                                             base::SteadyPoint deadline);

// "…/123456789012/name" -> "name"; a name stays as it is.
std::string queue_name_of(const std::string& name_or_url);

// What a queue's RedrivePolicy says: the name of its dead-letter queue (empty if there is none) and
// maxReceiveCount (0 if there is none).
struct Redrive {
  std::string target;
  int receives_max = 0;
};
Redrive parse_redrive_policy(const std::string& redrive_policy);

// The endpoint is to be looked at: it does not answer, or not as AWS does.
bool is_about_the_endpoint(const base::Error& error);
inline constexpr const char* kEndpointAdvice =
    "check the endpoint (AWS_ENDPOINT_URL or --endpoint-url) and the region (AWS_REGION)";

// What a person can do about it; empty if the message says it all.
std::string advice(const base::Error& error, const std::string& option);
// Adds it to the message; nothing where there is none.
void append_advice(base::Error& error, const std::string& advice);

}  // namespace worker
