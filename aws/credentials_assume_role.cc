#include "aws/credentials_assume_role.h"

#include "aws/credentials_chain.h"
#include "aws/credentials_container.h"
#include "aws/credentials_environment.h"
#include "aws/credentials_instance.h"
#include "aws/credentials_profile.h"
#include "aws/role.h"
#include "aws/sts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace aws {

namespace asio = boost::asio;

AssumeRoleCredentials::AssumeRoleCredentials(SharedSetup setup, Profile profile,
                                             std::vector<std::string> above)
    : setup_(std::move(setup)), profile_(std::move(profile)), visited_(std::move(above)) {
  visited_.push_back(profile_.name);
}

std::string AssumeRoleCredentials::name() const {
  return fmt::format("profile '{}' (assume-role {})", profile_.name, profile_.get("role_arn"));
}

base::Error AssumeRoleCredentials::refuse(const std::string& problem) const {
  return base::invalid(fmt::format("profile '{}' {}", profile_.name, problem));
}

base::Result<std::unique_ptr<CredentialsProvider>>
AssumeRoleCredentials::provider_of_source_profile(const std::string& source) const {
  const auto found = setup_->shared.profile(source, false);
  if (!found) return found.error();
  if (found->settings.empty()) {
    return refuse(fmt::format("has source_profile = {}, but there is no such profile in {}", source,
                              setup_->shared.where));
  }
  // A profile may name itself, to sign with the keys that stand beside its role_arn.
  const bool own_keys = source == profile_.name && ProfileCredentials::has_keys(*found);
  if (!own_keys && std::ranges::find(visited_, source) != visited_.end()) {
    return refuse(fmt::format("has a source_profile that leads back to it: {} -> {}",
                              fmt::join(visited_, " -> "), source));
  }
  return chain_of_source_profile(setup_, *found, visited_);
}

base::Result<std::unique_ptr<CredentialsProvider>> AssumeRoleCredentials::provider_for_the_call()
    const {
  const std::string source = profile_.get("source_profile");
  const std::string place = profile_.get("credential_source");
  if (source.empty() == place.empty()) {
    return refuse(
        fmt::format("has role_arn and {} source_profile and credential_source; expected "
                    "one of the two",
                    source.empty() ? "neither" : "both"));
  }
  if (place.empty()) return provider_of_source_profile(source);
  std::vector<std::unique_ptr<CredentialsSource>> sources;
  if (place == "Environment") {
    sources.push_back(std::make_unique<EnvironmentCredentials>(setup_->environment));
  } else if (place == "EcsContainer") {
    sources.push_back(std::make_unique<ContainerCredentials>(setup_));
  } else if (place == "Ec2InstanceMetadata") {
    sources.push_back(std::make_unique<InstanceCredentials>(setup_));
  } else {
    return refuse(
        fmt::format("has credential_source = {}; expected Environment, EcsContainer or "
                    "Ec2InstanceMetadata",
                    place.substr(0, 64)));
  }
  return std::make_unique<CredentialsChain>(std::move(sources));
}

asio::awaitable<base::Result<std::optional<Credentials>>> AssumeRoleCredentials::find() {
  std::optional<Credentials> found;
  if (profile_.get("role_arn").empty() || !profile_.get("web_identity_token_file").empty()) {
    co_return found;
  }
  if (!profile_.get("mfa_serial").empty()) {
    co_return refuse(
        "has mfa_serial: a worker cannot ask for a code; use a role that does not need one, or "
        "credential_process");
  }
  auto role = role_of_profile(profile_, setup_->clock.now());
  if (!role) co_return role.error();
  auto provider = provider_for_the_call();
  if (!provider) co_return provider.error();
  Caller caller(setup_->http, **provider, setup_->clock, setup_->random, setup_->endpoints);
  Sts sts(caller);
  auto assumed = co_await sts.assume_role(std::move(*role));
  if (!assumed) co_return assumed.error();
  found = std::move(*assumed);
  found->source = name();
  co_return found;
}

}  // namespace aws
