// `pause`, `resume` and `cancel`: one tag on the group, and a knock at the worker's queue so that
// it looks at once.
#include "consumers/recycle/control.h"
#include "consumers/recycle/journal.h"
#include "messages/message.h"
#include "worker/cli.h"
#include "worker/command_session.h"
#include "worker/commands.h"
#include "worker/startup.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <ostream>

namespace worker {
namespace {

namespace recycle = consumers::recycle;
using boost::asio::awaitable;
using recycle::Control;

awaitable<base::Result<aws::AutoScalingGroup>> read_group(aws::AutoScaling& auto_scaling,
                                                          base::GroupName name) {
  aws::DescribeAutoScalingGroupsOptions options;
  options.names = {name};
  options.include_instances = false;
  auto groups = co_await auto_scaling.describe_auto_scaling_groups(std::move(options));
  if (!groups) co_return groups.error().while_doing("reading group " + name.value);
  if (groups->empty()) {
    co_return base::Error{base::ErrorKind::kNotFound,
                          "GroupNotFound",
                          fmt::format("Auto Scaling group {} does not exist in this account and "
                                      "region",
                                      name.value),
                          {}};
  }
  co_return std::move(groups->front());
}

Control wanted_control(ControlWish wish, bool restore) {
  if (wish == ControlWish::kPause) return Control::kPause;
  if (wish == ControlWish::kResume) return Control::kNone;
  return restore ? Control::kCancelRestore : Control::kCancel;
}

// The message of a paused run is hidden for five minutes at a time, and a FIFO queue hands out
// nothing else of its group meanwhile: a knock waits behind it.
constexpr const char* kAfterAPause = "; it was paused: this may take five minutes";

std::string said(ControlWish wish, bool restore, const std::string& group, bool was_paused) {
  switch (wish) {
    case ControlWish::kPause:
      return fmt::format("group {}: the recycle pauses at its next safe point", group);
    case ControlWish::kResume:
      return fmt::format("group {}: the recycle goes on{}", group, was_paused ? kAfterAPause : "");
    case ControlWish::kCancel:
      return fmt::format("group {}: the recycle is cancelled{}{}", group,
                         restore ? ", its instances go back to the version before" : "",
                         was_paused ? kAfterAPause : "");
  }
  return {};
}

// The run whose worker is to look at once: it does when a request for it arrives.
awaitable<base::Result<std::string>> knock(Config config, AwsSession& session, base::Clock& clock,
                                           base::Random& random) {
  const auto group =
      co_await read_group(session.services().auto_scaling, base::GroupName(config.group));
  if (!group) co_return group.error();
  const auto journal = recycle::journal_from_tags(group->tags);
  if (!journal || !*journal) co_return std::string();
  messages::RecycleRequest request;
  request.group = group->name;
  request.requested_at = clock.now();
  request.reason = "an operator's command";
  request.resume_run = (*journal)->run_id;
  co_return co_await send_request(std::move(config), session, clock, random, std::move(request));
}

}  // namespace

awaitable<base::Result<std::string>> control_run(aws::AutoScaling& auto_scaling,
                                                 base::GroupName group, ControlWish wish,
                                                 bool restore) {
  const auto found = co_await read_group(auto_scaling, group);
  if (!found) co_return found.error();
  const auto tag = found->tags.find(std::string(recycle::kTagControl));
  const bool running = !recycle::journal_keys(found->tags).empty();
  const auto journal = recycle::journal_from_tags(found->tags);
  const bool was_paused = journal && *journal && (*journal)->paused_at;
  const Control wanted = wanted_control(wish, restore);
  const std::string value(recycle::to_string(wanted));
  if (wish == ControlWish::kResume) {
    if (tag == found->tags.end()) {
      co_return base::invalid(fmt::format(
          "group {}: {}", group.value,
          running ? "its recycle is not paused" : "nothing is running, nothing is paused"));
    }
    if (tag->second != recycle::to_string(Control::kPause)) {
      co_return base::invalid(
          fmt::format("group {}: tag {} is \"{}\", and what is cancelled cannot "
                      "be resumed",
                      group.value, recycle::kTagControl, tag->second));
    }
    const auto removed =
        co_await auto_scaling.delete_tags(group, {std::string(recycle::kTagControl)});
    if (!removed) co_return removed.error().while_doing("removing the control tag");
    co_return said(wish, restore, group.value, was_paused);
  }
  if (!running) {
    co_return base::invalid(fmt::format("group {}: nothing is running", group.value));
  }
  if (wish == ControlWish::kPause && tag != found->tags.end() &&
      tag->second.starts_with("cancel")) {
    co_return base::invalid(
        fmt::format("group {}: its recycle is being cancelled already", group.value));
  }
  if (tag == found->tags.end() || tag->second != value) {
    const auto written = co_await auto_scaling.create_or_update_tags(
        group, {{std::string(recycle::kTagControl), value}});
    if (!written) co_return written.error().while_doing("writing the control tag");
  }
  co_return said(wish, restore, group.value, was_paused);
}

int run_control(const Config& config, ControlWish wish, std::ostream& out, std::ostream& err) {
  const auto checked = check_request(config);
  if (!checked) {
    fail(err, checked.error());
    return kExitUsage;
  }
  if (config.restore && wish != ControlWish::kCancel) {
    fail(err, base::invalid("--restore: only with cancel"));
    return kExitUsage;
  }
  CommandSession session(config);
  if (!session.aws) return fail_to_start(err, session.aws.error());
  AwsSession& aws = **session.aws;
  const auto done = session.loop.run<std::string>(control_run(
      aws.services().auto_scaling, base::GroupName(config.group), wish, config.restore));
  if (!done) {
    base::Error error = done.error();
    if (is_about_the_endpoint(error)) append_advice(error, kEndpointAdvice);
    return fail(err, error);
  }
  if (!config.events.queue.empty()) {
    const auto knocked =
        session.loop.run<std::string>(knock(config, aws, session.clock, session.random));
    if (!knocked) {
      err << "autorecycle: the worker could not be told, it will see the tag at its next look: "
          << knocked.error().to_string() << "\n";
    }
  }
  if (config.output == Output::kJson) {
    const auto control = wanted_control(wish, config.restore);
    out << nlohmann::ordered_json{{"group", config.group},
                                  {"control", recycle::to_string(control)},
                                  {"message", *done}}
               .dump()
        << "\n";
  } else {
    out << *done << "\n";
  }
  return kExitOk;
}

}  // namespace worker
