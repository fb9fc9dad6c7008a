#include "tests/recycle_proof/surroundings.h"

#include "sim/ec2_service.h"

#include <nlohmann/json.hpp>

namespace proof {

namespace {

// "10.0.0.4" of "http://10.0.0.4:8080/health".
std::string host_of(const std::string& url) {
  const auto from = url.find("://") + 3;
  return url.substr(from, url.find_first_of(":/", from) - from);
}

}  // namespace

const sim::Ec2Instance* Surroundings::running(const std::string& instance) const {
  const sim::Ec2Instance* found = region.ec2().find(instance);
  return found != nullptr && found->state == "running" ? found : nullptr;
}

bool Surroundings::is_up(const sim::Ec2Instance& instance) const {
  return region.world().clock().now() >= instance.launched + passes_after;
}

boost::asio::awaitable<base::Result<base::HttpResponse>> Outdoors::send(base::HttpRequest request,
                                                                        aws::HttpOptions) {
  co_await line_.enter("HTTP check");
  const sim::Ec2Instance* instance =
      surroundings_.region.ec2().find_by_address(host_of(request.url));
  base::HttpResponse response;
  response.status =
      instance != nullptr && instance->state == "running" && surroundings_.is_up(*instance) ? 200
                                                                                            : 503;
  co_await line_.leave("HTTP check", nullptr, std::nullopt);
  co_return response;
}

boost::asio::awaitable<base::Result<aws::ProcessOutput>> Outdoors::run(
    std::vector<std::string> words, aws::ProcessLimits limits) {
  co_await line_.enter(words.front());
  aws::ProcessOutput output;
  const bool well = words.front() == kProbe ? probe(limits.input) : hook(limits.input);
  output.exit_code = well ? 0 : 1;
  co_await line_.leave(words.front(), nullptr, std::nullopt);
  co_return output;
}

bool Outdoors::probe(const std::string& input) {
  const auto json = nlohmann::json::parse(input);
  const auto* instance = surroundings_.running(json.at("instance").get<std::string>());
  return instance != nullptr && surroundings_.is_up(*instance);
}

bool Outdoors::hook(const std::string& input) {
  const auto json = nlohmann::json::parse(input);
  std::string what = json.at("hook").get<std::string>();
  if (json.contains("instance")) what += "/" + json.at("instance").get<std::string>();
  surroundings_.told.insert(std::move(what));
  return surroundings_.failures_left-- <= 0;
}

}  // namespace proof
