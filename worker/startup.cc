#include "worker/startup.h"

#include "base/log.h"
#include "worker/backoff.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <set>

namespace worker {
namespace {

using boost::asio::awaitable;

constexpr base::Duration kRetryBase{500};
constexpr base::Duration kRetryCap{5'000};
constexpr base::Duration kRetryFloor{100};

struct Role {
  const char* name;
  const QueueConfig Config::*queue;
};
constexpr Role kRoles[] = {
    {"events", &Config::events}, {"recycles", &Config::recycles}, {"oncall", &Config::oncall}};

// None if the attributes cannot be read.
awaitable<std::optional<Redrive>> read_redrive_policy(Context& context, base::QueueUrl url,
                                                      std::string role) {
  const auto attributes = co_await context.sqs.get_queue_attributes(url);
  if (!attributes) {
    base::log_warn("worker", "the queue's attributes cannot be read, its redrive policy is unknown",
                   {{"queue", role}, {"error", attributes.error().to_string()}});
    co_return std::nullopt;
  }
  const auto policy = attributes->find("RedrivePolicy");
  co_return policy == attributes->end() ? Redrive{} : parse_redrive_policy(policy->second);
}

QueueSettings settings_of(const Config& config, const Role& role, QueueTarget target) {
  QueueSettings settings;
  settings.role = role.name;
  settings.name = queue_name_of((config.*role.queue).queue);
  settings.target = std::move(target);
  settings.in_flight_max = (config.*role.queue).in_flight_max;
  settings.pollers_max = config.pollers_max;
  settings.visibility = config.visibility_timeout;
  settings.poll_wait = config.poll_wait;
  settings.retry_base = config.retry_base;
  settings.retry_cap = config.retry_cap;
  settings.drain_deadline = config.drain_deadline;
  return settings;
}

// What would work for a while and then not.
base::Result<void> check_roles(const std::vector<QueueSettings>& queues) {
  for (const QueueSettings& queue : queues) {
    const auto is_same = [&queue](const QueueSettings& other) {
      return &other != &queue && other.target.url == queue.target.url;
    };
    const auto twin = std::ranges::find_if(queues, is_same);
    if (twin != queues.end()) {
      return base::invalid("--" + queue.role + "-queue and --" + twin->role +
                           "-queue are the same queue, " + queue.name);
    }
    if (queue.dead_letters && queue.dead_letters->url == queue.target.url) {
      return base::invalid("--" + queue.role + "-dlq: " + queue.name +
                           " cannot be its own dead-letter queue");
    }
    if (queue.role == "recycles" && !queue.target.fifo) {
      base::log_warn("worker", "not a FIFO queue: recycles of one component can overlap",
                     {{"queue", queue.role}, {"name", queue.name}});
    }
  }
  return {};
}

base::Error explain(const base::Error& error, const std::string& what, const std::string& option,
                    const std::string& endpoint) {
  base::Error explained = error.while_doing("finding the " + what + " at " + endpoint);
  append_advice(explained, advice(error, option));
  return explained;
}

}  // namespace

awaitable<base::Result<std::vector<QueueSettings>>> find_queues(Context& context, Config config,
                                                                std::string endpoint) {
  const auto deadline = context.clock.steady_now() + config.startup_timeout;
  std::vector<QueueSettings> found;
  for (const Role& role : kRoles) {
    const QueueConfig& queue = config.*role.queue;
    if (queue.queue.empty()) continue;
    const std::string option = std::string(role.name) + "-queue";
    const auto target = co_await find_queue(context, queue.queue, deadline);
    if (!target) {
      co_return explain(target.error(), std::string(role.name) + " queue", option, endpoint);
    }
    QueueSettings settings = settings_of(config, role, *target);

    const auto redrive = co_await read_redrive_policy(context, target->url, role.name);
    if (redrive) settings.receives_max = redrive->receives_max;
    std::string letters = queue.dead_letter_queue;
    if (letters.empty() && redrive) letters = redrive->target;
    if (letters.empty()) {
      base::log_warn("worker", "the queue has no dead-letter queue, poison is kept and retried",
                     {{"queue", role.name}});
    } else {
      const auto dead = co_await find_queue(context, letters, deadline);
      if (!dead) {
        co_return explain(dead.error(), std::string(role.name) + " queue's dead-letter queue",
                          std::string(role.name) + "-dlq", endpoint);
      }
      settings.dead_letters = *dead;
    }
    base::log_info("worker", "queue found",
                   {{"queue", role.name}, {"name", settings.name}, {"dead_letters", letters}});
    found.push_back(std::move(settings));
  }
  if (found.empty()) co_return base::invalid("every queue is off: there is nothing to work on");
  const auto checked = check_roles(found);
  if (!checked) co_return checked.error();
  co_return found;
}

awaitable<base::Result<QueueTarget>> find_queue(Context& context, std::string name,
                                                base::SteadyPoint deadline) {
  QueueTarget target;
  target.fifo = name.ends_with(".fifo");
  for (int attempt = 1;; ++attempt) {
    base::Result<base::QueueUrl> url = base::QueueUrl(name);
    if (name.find("://") == std::string::npos) {
      url = co_await context.sqs.get_queue_url(name);
    } else {
      // GetQueueUrl with the name alone would look in our own account; this asks the queue itself.
      const auto attributes = co_await context.sqs.get_queue_attributes(*url);
      if (!attributes && attributes.error().kind != base::ErrorKind::kDenied) {
        url = attributes.error();
      }
    }
    if (url) {
      target.url = *url;
      co_return target;
    }
    const auto delay = full_jitter(context.random, attempt, kRetryBase, kRetryCap, kRetryFloor);
    if (!url.error().is_transient() || context.clock.steady_now() + delay > deadline) {
      co_return url.error();
    }
    base::log_warn("worker", "the queue service does not answer yet, will try again",
                   {{"queue", name}, {"error", url.error().to_string()}});
    co_await context.clock.sleep_for(delay);
  }
}

std::string queue_name_of(const std::string& name_or_url) {
  if (name_or_url.find("://") == std::string::npos) return name_or_url;
  return name_or_url.substr(name_or_url.rfind('/') + 1);
}

Redrive parse_redrive_policy(const std::string& redrive_policy) {
  Redrive redrive;
  const auto json = nlohmann::json::parse(redrive_policy, nullptr, false);
  if (!json.is_object()) return redrive;
  if (const auto target = json.find("deadLetterTargetArn");
      target != json.end() && target->is_string()) {
    const auto arn = target->get<std::string>();
    redrive.target = arn.substr(arn.rfind(':') + 1);
  }
  // AWS writes the number as it was given: as a number or as a text.
  if (const auto count = json.find("maxReceiveCount"); count != json.end()) {
    const std::string text = count->is_string() ? count->get<std::string>() : count->dump();
    std::from_chars(text.data(), text.data() + text.size(), redrive.receives_max);
  }
  return redrive;
}

bool is_about_the_endpoint(const base::Error& error) {
  if (error.is_transient()) return true;
  // Whatever answered there was not AWS: another server, a proxy, a portal.
  static const std::set<std::string> kCodes = {"TlsError", "BodyTooLarge", "MalformedResponse",
                                               "InvalidRequest"};
  return kCodes.contains(error.code) || error.code.starts_with("Http");
}

void append_advice(base::Error& error, const std::string& advice) {
  if (advice.empty()) return;
  if (error.message.ends_with('.')) error.message.pop_back();  // AWS's texts end with one
  error.message += "; " + advice;
}

std::string advice(const base::Error& error, const std::string& option) {
  if (error.code == "TlsError") {
    return std::string(kEndpointAdvice) + "; AWS_CA_BUNDLE names the authorities to trust";
  }
  if (is_about_the_endpoint(error)) return kEndpointAdvice;
  const std::string where = "--" + option + " or " + environment_name(option);
  switch (error.kind) {
    case base::ErrorKind::kNotFound:
      return "create it, or name another with " + where;
    case base::ErrorKind::kDenied:
      return error.code == "NoCredentials"
                 ? ""
                 : "check the credentials and that they allow sqs:GetQueueUrl, "
                   "sqs:GetQueueAttributes, sqs:ReceiveMessage, sqs:DeleteMessage, "
                   "sqs:ChangeMessageVisibility and sqs:SendMessage";
    default:
      return "check " + where;
  }
}

}  // namespace worker
