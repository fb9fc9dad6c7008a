#include "sim/sts_service.h"

#include "sim/arguments.h"
#include "sim/ec2_support.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace sim {

namespace {

constexpr std::int64_t kDurationDefault = 3'600;
constexpr std::int64_t kDurationMin = 900;
constexpr std::int64_t kDurationMax = 43'200;

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

bool is_session_name(const std::string& name) {
  const auto is_good = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("_+=,.@-").find(static_cast<char>(c)) != std::string_view::npos;
  };
  return name.size() >= 2 && name.size() <= 64 && std::ranges::all_of(name, is_good);
}

// "arn:aws:iam::123456789012:role/path/name" -> "123456789012" and "name"; empty when it is none.
std::pair<std::string, std::string> account_and_role(const std::string& arn) {
  const auto iam = arn.find(":iam::");
  const auto role = arn.find(":role/");
  if (!arn.starts_with("arn:") || iam == std::string::npos || role == std::string::npos ||
      role < iam + 6) {
    return {};
  }
  return {arn.substr(iam + 6, role - iam - 6), arn.substr(arn.rfind('/') + 1)};
}

}  // namespace

std::string user_arn(const WorldConfig& config, const std::string& access_key_id) {
  return fmt::format("arn:aws:iam::{}:user/{}", config.account,
                     access_key_id.empty() ? "anonymous" : access_key_id);
}

boost::asio::awaitable<ApiOutcome> StsService::handle(ApiCall call) {
  if (call.operation == "GetCallerIdentity") co_return caller_identity(call);
  if (call.operation == "AssumeRole") co_return assume_role(call, {});
  if (call.operation == "AssumeRoleWithWebIdentity")
    co_return assume_role(call, "WebIdentityToken");
  co_return api_error("InvalidAction", "Could not find operation " + call.operation);
}

bool StsService::is_unsigned(const ApiCall& call) {
  return call.service == "sts" && call.operation == "AssumeRoleWithWebIdentity";
}

ApiOutcome StsService::caller_identity(const ApiCall& call) const {
  const auto session = std::ranges::find(sessions_, call.access_key_id, &Session::access_key_id);
  ApiAnswer answer;
  answer.result["Arn"] =
      session == sessions_.end() ? user_arn(world_.config(), call.access_key_id) : session->arn;
  answer.result["UserId"] = call.access_key_id.empty() ? "anonymous" : call.access_key_id;
  answer.result["Account"] = world_.config().account;
  return answer;
}

ApiOutcome StsService::assume_role(const ApiCall& call, const std::string& proof) {
  Arguments arguments(call.arguments, ErrorStyle::kAutoScaling);
  const std::string arn = arguments.required_text("RoleArn");
  const std::string name = arguments.required_text("RoleSessionName");
  if (!proof.empty()) arguments.required_text(proof);
  const std::int64_t seconds = arguments.integer_or("DurationSeconds", kDurationDefault);
  if (arguments.error()) return *arguments.error();
  const auto [account, role] = account_and_role(arn);
  if (role.empty()) return validation_error(arn.substr(0, 128) + " is invalid");
  if (!is_session_name(name)) {
    return validation_error(fmt::format(
        "1 validation error detected: Value '{}' at 'roleSessionName' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
        name.substr(0, 128)));
  }
  if (seconds < kDurationMin || seconds > kDurationMax) {
    return validation_error(fmt::format(
        "1 validation error detected: Value '{}' at 'durationSeconds' failed to satisfy "
        "constraint: Member must have value between {} and {}",
        seconds, kDurationMin, kDurationMax));
  }
  Session session;
  session.access_key_id = "ASIA" + upper(world_.random().hex(16));
  session.arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", account, role, name);
  session.expiration = std::chrono::floor<std::chrono::seconds>(world_.signature_time()) +
                       std::chrono::seconds(seconds);
  const std::string secret = world_.random().hex(40);
  const std::string token = world_.random().hex(64);
  world_.accept_key(session.access_key_id, secret, token);
  ApiAnswer answer;
  answer.result["Credentials"] = {{"AccessKeyId", session.access_key_id},
                                  {"SecretAccessKey", secret},
                                  {"SessionToken", token},
                                  {"Expiration", prose_time(session.expiration)}};
  answer.result["AssumedRoleUser"] = {{"AssumedRoleId", "AROASIMULATED:" + name},
                                      {"Arn", session.arn}};
  sessions_.push_back(std::move(session));
  if (sessions_.size() > kSessionsMax) {
    world_.forget_key(sessions_.front().access_key_id);
    sessions_.pop_front();
  }
  return answer;
}

void StsService::expire(Session& session) {
  session.expired = true;
  world_.expire_key(session.access_key_id);
}

void StsService::expire_due() {
  const base::TimePoint now = world_.signature_time();
  for (Session& session : sessions_) {
    if (!session.expired && session.expiration <= now) expire(session);
  }
}

int StsService::expire_now(const std::string& access_key_id) {
  int count = 0;
  for (Session& session : sessions_) {
    if (session.expired) continue;
    if (!access_key_id.empty() && session.access_key_id != access_key_id) continue;
    expire(session);
    ++count;
  }
  return count;
}

Json StsService::describe_for_control() const {
  Json list = Json::array();
  for (const Session& session : sessions_) {
    list.push_back({{"access_key_id", session.access_key_id},
                    {"arn", session.arn},
                    {"expiration", base::format_rfc3339(session.expiration)},
                    {"expired", session.expired}});
  }
  return list;
}

}  // namespace sim
