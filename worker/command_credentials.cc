#include "aws/endpoint_rules.h"
#include "worker/cli.h"
#include "worker/command_session.h"
#include "worker/commands.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <ostream>
#include <utility>

namespace worker {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

// "****MPLE": enough to tell one key from another.
std::string masked(const std::string& access_key_id) {
  constexpr std::size_t kShown = 4;
  if (access_key_id.size() < 3 * kShown) return "****";
  return "****" + access_key_id.substr(access_key_id.size() - kShown);
}

boost::asio::awaitable<base::Result<CredentialsReport>> describe(AwsSession& session) {
  const auto credentials = co_await session.credentials().get();
  if (!credentials) co_return credentials.error();
  CredentialsReport report;
  report.source = credentials->source;
  report.access_key_id = masked(credentials->access_key_id);
  report.expiration = credentials->expiration;
  report.region = session.endpoints().region.value;
  for (const aws::ServiceName& service : aws::service_names()) {
    const std::string name(service.name);
    const auto url = aws::resolve_endpoint(session.endpoints(), name);
    report.endpoints.emplace_back(name, url ? *url : "none: " + url.error().message);
  }
  const auto identity = co_await session.sts().get_caller_identity();
  if (identity) {
    report.account = identity->account;
    report.arn = identity->arn;
  } else {
    report.identity_error = identity.error();
  }
  co_return report;
}

Lines lines_of(const CredentialsReport& report) {
  Lines lines = {{"source", report.source}, {"access_key_id", report.access_key_id}};
  lines.emplace_back("expires",
                     report.expiration ? base::format_rfc3339(*report.expiration) : "never");
  if (!report.identity_error) {
    lines.emplace_back("account", report.account);
    lines.emplace_back("arn", report.arn);
  }
  lines.emplace_back("region", report.region);
  return lines;
}

}  // namespace

void print_credentials(const CredentialsReport& report, Output output, std::ostream& out) {
  if (output == Output::kJson) {
    nlohmann::ordered_json json;
    for (const auto& [name, value] : lines_of(report)) json[name] = value;
    if (!report.expiration) json["expires"] = nullptr;
    for (const auto& [service, url] : report.endpoints) json["endpoints"][service] = url;
    out << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
    return;
  }
  for (const auto& [name, value] : lines_of(report)) out << fmt::format("{:<14} {}\n", name, value);
  out << "endpoints\n";
  for (const auto& [service, url] : report.endpoints) {
    out << fmt::format("  {:<22} {}\n", service, url);
  }
}

int run_credentials(const Config& config, std::ostream& out, std::ostream& err) {
  CommandSession session(config);
  if (!session.aws) return fail_to_start(err, session.aws.error());
  const auto report = session.loop.run<CredentialsReport>(describe(**session.aws));
  if (!report) return fail_to_start(err, report.error());
  print_credentials(*report, config.output.value_or(Output::kTable), out);
  if (!report->identity_error) return kExitOk;
  const int code = fail(err, report->identity_error->while_doing("asking STS whose they are"));
  // That STS cannot be reached says nothing against the credentials.
  return report->identity_error->is_transient() ? kExitOk : code;
}

}  // namespace worker
