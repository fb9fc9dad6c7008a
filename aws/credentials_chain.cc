#include "aws/credentials_chain.h"

#include "aws/credentials_assume_role.h"
#include "aws/credentials_container.h"
#include "aws/credentials_environment.h"
#include "aws/credentials_instance.h"
#include "aws/credentials_process.h"
#include "aws/credentials_profile.h"
#include "aws/credentials_sso.h"
#include "aws/credentials_web_identity.h"

#include <fmt/format.h>

#include <utility>

namespace aws {

namespace asio = boost::asio;

namespace {

using Sources = std::vector<std::unique_ptr<CredentialsSource>>;

void add_profile_sources(Sources& sources, const SharedSetup& setup, const Profile& profile,
                         bool with_environment) {
  sources.push_back(std::make_unique<WebIdentityCredentials>(setup, profile, with_environment));
  sources.push_back(std::make_unique<SsoCredentials>(setup, profile));
  sources.push_back(std::make_unique<ProfileCredentials>(profile, KeysIn::kCredentialsFile));
  sources.push_back(std::make_unique<ProcessCredentials>(setup, profile));
  sources.push_back(std::make_unique<ProfileCredentials>(profile, KeysIn::kConfigFile));
}

}  // namespace

asio::awaitable<base::Result<Credentials>> CredentialsChain::get() {
  std::string tried;
  for (const auto& source : sources_) {
    auto found = co_await source->find();
    if (!found) co_return found.error().while_doing("credentials from " + source->name());
    if (*found) co_return std::move(**found);
    const std::string hint = source->hint();
    if (hint.empty()) continue;
    tried += fmt::format("{}{}: {}", tried.empty() ? "" : "; ", source->name(), hint);
  }
  co_return credentials_error("NoCredentials",
                              fmt::format("no AWS credentials found. Tried {}", tried));
}

std::unique_ptr<CredentialsProvider> default_credentials(SharedSetup setup) {
  Sources sources;
  const bool with_environment = !setup->profile_only;
  if (with_environment) {
    sources.push_back(std::make_unique<EnvironmentCredentials>(setup->environment));
  }
  sources.push_back(std::make_unique<AssumeRoleCredentials>(setup, setup->profile));
  add_profile_sources(sources, setup, setup->profile, with_environment);
  sources.push_back(std::make_unique<ContainerCredentials>(setup));
  sources.push_back(std::make_unique<InstanceCredentials>(setup));
  return std::make_unique<CredentialsChain>(std::move(sources));
}

std::unique_ptr<CredentialsProvider> chain_of_source_profile(SharedSetup setup, Profile profile,
                                                             std::vector<std::string> above) {
  Sources sources;
  if (!ProfileCredentials::has_keys(profile)) {
    sources.push_back(std::make_unique<AssumeRoleCredentials>(setup, profile, std::move(above)));
  }
  add_profile_sources(sources, setup, profile, false);
  return std::make_unique<CredentialsChain>(std::move(sources));
}

}  // namespace aws
