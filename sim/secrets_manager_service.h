// SecretsManagerService: secrets with their versions, and deletion that waits.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/
#pragma once

#include "sim/service.h"
#include "sim/world.h"

#include <map>
#include <string>
#include <vector>

namespace sim {

class SecretsManagerService final : public Service {
 public:
  explicit SecretsManagerService(World& world) : world_(world) {}
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

 private:
  struct Version {
    std::string id;
    std::string member;  // "SecretString" or "SecretBinary"
    std::string value;
  };
  struct Secret {
    std::string arn;
    std::vector<Version> versions;  // the last one is current
    bool deleted = false;
  };

  ApiOutcome create_secret(const Json& arguments);
  ApiOutcome put_secret_value(const Json& arguments);
  ApiOutcome get_secret_value(const Json& arguments);
  ApiOutcome delete_secret(const Json& arguments);
  // By name or ARN; nullptr: there is none.
  std::pair<const std::string, Secret>* find(const std::string& id);

  World& world_;
  std::map<std::string, Secret> secrets_;  // by name
};

}  // namespace sim
