#include "worker/cli.h"
#include "worker/command_session.h"
#include "worker/commands.h"
#include "worker/startup.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>

namespace worker {
namespace {

using consumers::recycle::PlannedStep;
using consumers::recycle::PlanReport;

void print_json(const PlanReport& report, std::ostream& out) {
  nlohmann::ordered_json steps = nlohmann::ordered_json::array();
  for (const PlannedStep& step : report.steps) {
    steps.push_back({{"operation", step.operation}, {"what", step.what}, {"why", step.why}});
  }
  nlohmann::ordered_json json = {{"group", report.group},
                                 {"strategy", report.strategy},
                                 {"target", report.target},
                                 {"recyclable", report.not_recyclable.empty()}};
  if (!report.not_recyclable.empty()) json["not_recyclable"] = report.not_recyclable;
  json["steps"] = steps;
  out << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
}

void print_table(const PlanReport& report, std::ostream& out) {
  out << "group     " << report.group << "\n";
  out << "target    " << report.target << "\n";
  if (!report.not_recyclable.empty()) {
    out << "no plan   " << report.not_recyclable << "\n";
    return;
  }
  out << "strategy  " << report.strategy << "\n\n";
  constexpr std::size_t kWhatMax = 60;
  std::size_t widest = 4;
  for (const PlannedStep& step : report.steps) {
    widest = std::max(widest, std::min(step.what.size(), kWhatMax));
  }
  int number = 0;
  for (const PlannedStep& step : report.steps) {
    const std::string what = step.what.empty() ? step.operation : step.what;
    if (step.why.empty())
      out << fmt::format("{:>4}  {}\n", ++number, what);
    else
      out << fmt::format("{:>4}  {:<{}}  {}\n", ++number, what, widest, step.why);
  }
}

}  // namespace

int print_plan(const PlanReport& report, Output output, std::ostream& out) {
  if (output == Output::kJson)
    print_json(report, out);
  else
    print_table(report, out);
  const auto is_abort = [](const PlannedStep& step) { return step.operation == "abort"; };
  const bool aborts = std::any_of(report.steps.begin(), report.steps.end(), is_abort);
  return aborts ? kExitFailed : kExitOk;
}

int run_plan(const Config& config, std::ostream& out, std::ostream& err) {
  const auto checked = check_request(config);
  const auto recycle = recycle_config(config);
  if (!checked || !recycle) {
    fail(err, checked ? recycle.error() : checked.error());
    return kExitUsage;
  }
  CommandSession session(config);
  if (!session.aws) return fail_to_start(err, session.aws.error());
  consumers::recycle::PolicyOverrides overrides;
  overrides.strategy = config.strategy;
  overrides.force = config.force;
  const auto report = session.loop.run<PlanReport>(consumers::recycle::plan_group(
      (*session.aws)->services(), *recycle, base::GroupName(config.group), overrides));
  if (!report) {
    base::Error error = report.error().while_doing("planning " + config.group);
    if (is_about_the_endpoint(error)) append_advice(error, kEndpointAdvice);
    return fail(err, error);
  }
  return print_plan(*report, config.output.value_or(Output::kTable), out);
}

}  // namespace worker
