// What the configuration makes of gates, hooks and notifications.
#pragma once

#include "aws/events.h"
#include "aws/http_client.h"
#include "aws/sns.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "consumers/recycle/gates/outside.h"
#include "consumers/recycle/notify/notifier.h"
#include "worker/config.h"

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace worker {

// Clients for what is not the message in hand; references outlive what is made of them.
struct NotifyClients {
  aws::HttpClient& http;
  aws::Sns& sns;
  aws::Events& events;
};

// With every sink that is configured; without one it has nothing to do.
std::unique_ptr<consumers::recycle::Notifier> make_notifier(
    NotifyClients clients, const Config& config, const std::string& region,
    boost::asio::any_io_executor executor, base::Clock& clock, base::Random& random);

// The names that tags may give, in a worker that knows them. The texts were checked when they were
// set.
void name_programs(const Config& config, consumers::recycle::GateDefaults& defaults);
void add_programs(const Config& config, consumers::recycle::Outside& outside);

}  // namespace worker
