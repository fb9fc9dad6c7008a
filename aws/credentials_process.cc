#include "aws/credentials_process.h"

#include "aws/credentials_json.h"
#include "aws/json.h"

#include <utility>

namespace aws {

namespace {

constexpr std::size_t kComplaintMax = 300;

// Version comes first: another one may mean something else by the same names.
base::Result<void> check_version(const std::string& text, const std::string& program) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return {};  // credentials_from_json() says so
  const auto version = json.find("Version");
  if (version != json.end() && version->is_number_integer() && *version == 1) return {};
  return base::Error{base::ErrorKind::kFatal,
                     "MalformedCredentials",
                     fmt::format("{}: expected \"Version\": 1, found {}", program,
                                 version == json.end() ? "none" : "another"),
                     {}};
}

}  // namespace

std::string ProcessCredentials::name() const {
  return fmt::format("profile '{}' (credential_process)", profile_.name);
}

boost::asio::awaitable<base::Result<std::optional<Credentials>>> ProcessCredentials::find() {
  std::optional<Credentials> found;
  const std::string command = profile_.get("credential_process");
  if (command.empty()) co_return found;
  auto words = split_command(command);
  if (!words) co_return words.error().while_doing("reading credential_process");
  if (words->empty()) co_return base::invalid("credential_process names no program");
  const std::string program = words->front();
  const auto ended = co_await setup_->run_process(std::move(*words));
  if (!ended) co_return ended.error();
  if (ended->exit_code != 0) {
    const std::string complaint = without_secrets(ended->errors, kComplaintMax);
    co_return credentials_error(
        "ProcessFailed", fmt::format("{} ended with exit code {}{}", program, ended->exit_code,
                                     complaint.empty() ? " and said nothing" : ": " + complaint));
  }
  const auto version = check_version(ended->output, program);
  if (!version) co_return version.error();
  auto credentials =
      credentials_from_json(ended->output, program, {.token = "SessionToken", .temporary = false});
  if (!credentials) co_return credentials.error();
  found = std::move(*credentials);
  found->source = name();
  co_return found;
}

}  // namespace aws
