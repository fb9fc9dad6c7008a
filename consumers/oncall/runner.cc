#include "consumers/oncall/runner.h"

#include "base/guarded.h"
#include "base/log.h"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

namespace consumers::oncall {

namespace asio = boost::asio;
using asio::awaitable;
using asio::experimental::awaitable_operators::operator||;

namespace {

constexpr int kNotAsThingsStand = 409;
constexpr int kTimeUp = 408;
constexpr std::size_t kAuditParamsBytesMax = 2'000;
// What is left to be told when the worker wants to end.
constexpr base::Duration kLastWordsMax = std::chrono::seconds(2);

std::string seconds_text(base::Duration duration) {
  return fmt::format("{} s", std::chrono::duration<double>(duration).count());
}

// One line of the log for every action.
void log_audit(const Outcome& outcome) {
  const Request& request = outcome.request;
  const bool good = outcome.answer.status_code < 500;
  base::LogFields fields = {{"who", request.requested_by},
                            {"job", request.job},
                            {"request_id", request.request_id},
                            {"params", request.params.substr(0, kAuditParamsBytesMax)},
                            {"dry_run", request.dry_run},
                            {"changes", outcome.changes},
                            {"ran", outcome.ran},
                            {"attempt", outcome.attempt},
                            {"status", outcome.answer.status_code},
                            {"result", result_of(outcome.answer)},
                            {"duration_ms", outcome.took.count()}};
  if (outcome.answer.status_code != 200) fields.emplace_back("reason", reason_of(outcome.answer));
  if (!outcome.log.empty()) fields.emplace_back("log", outcome.log);
  base::log(good ? base::LogLevel::kInfo : base::LogLevel::kError, "audit", "on-call job", fields);
}

// Throws only when it is cancelled: || would wait for the other side otherwise.
awaitable<Answer> answer_of(Job& job, Request request, JobLog& log) {
  const std::string name = request.job;
  std::string bug;
  try {
    co_return co_await base::guarded(job.run(std::move(request), log));
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
    bug = error.what();
  } catch (const std::exception& error) {
    bug = error.what();
  }
  base::log_error("oncall", "a job threw an exception", {{"job", name}, {"error", bug}});
  co_return answer_failed(500, "the job has a bug: " + bug.substr(0, 200));
}

}  // namespace

// One run.
struct Runner::Work {
  Outcome outcome;
  JobLog log;
  bool cut_short = false;  // by cancellation

  explicit Work(const base::Clock& clock) : log(clock) {}
};

Runner::Runner(Catalogue jobs, base::Clock& clock, Allow allow, Sinks sinks)
    : clock_(clock), allow_(std::move(allow)), sinks_(std::move(sinks)), turns_(clock) {
  for (auto& job : jobs) {
    const Entry& entry = job->entry();
    if (const auto problems = problems_of(entry); !problems.empty()) {
      throw std::invalid_argument(
          fmt::format("on-call job {}: {}", entry.name, fmt::join(problems, "; ")));
    }
    auto schema = Schema::parse(entry.params_schema);
    const std::string name = entry.name;
    if (!jobs_.emplace(name, Known{std::move(job), std::move(*schema)}).second) {
      throw std::invalid_argument("two on-call jobs are named " + name);
    }
  }
}

const Entry* Runner::find(std::string_view job) const {
  const auto known = jobs_.find(job);
  return known == jobs_.end() ? nullptr : &known->second.job->entry();
}

std::vector<const Entry*> Runner::entries() const {
  std::vector<const Entry*> entries;
  for (const auto& [name, known] : jobs_) entries.push_back(&known.job->entry());
  return entries;
}

awaitable<Outcome> Runner::run(Request request, RunOptions options) {
  Work work(clock_);
  Outcome& outcome = work.outcome;
  outcome.began = clock_.now();
  outcome.attempt = options.attempt;
  const base::SteadyPoint began = clock_.steady_now();
  const auto known = jobs_.find(request.job);
  if (known == jobs_.end()) {
    std::string names;
    for (const auto& [name, unused] : jobs_) names.append(names.empty() ? "" : ", ").append(name);
    outcome.answer = answer_failed(
        404, fmt::format("job: no job \"{}\"; known: {}", request.job.substr(0, 100), names));
    outcome.request = std::move(request);
    outcome.request.params = "{}";  // whose are they
  } else {
    const Entry& entry = known->second.job->entry();
    outcome.changes = entry.changes;
    auto refused = refuse(known->second, options, request);
    outcome.request = std::move(request);
    if (refused) {
      outcome.answer = std::move(*refused);
      outcome.request.params = known->second.schema.without_secrets(outcome.request.params);
    } else {
      co_await carry_out(known->second, work, options);
    }
    outcome.last = !(outcome.answer.status_code == 500 && outcome.ran && entry.safe_to_retry &&
                     !work.cut_short && options.attempt < options.attempts_max);
    if (sinks_.observer != nullptr) {
      outcome.took = std::chrono::duration_cast<base::Duration>(clock_.steady_now() - began);
      sinks_.observer->ended(entry.name, result_of(outcome.answer), outcome.took);
    }
  }
  outcome.took = std::chrono::duration_cast<base::Duration>(clock_.steady_now() - began);
  if (work.cut_short) {
    co_await (finish(work) || clock_.sleep_for(kLastWordsMax));
  } else {
    co_await finish(work);
  }
  co_return std::move(outcome);
}

// Fills in defaults and the time limit. An answer: it must not run.
std::optional<Answer> Runner::refuse(const Known& known, const RunOptions& options,
                                     Request& request) const {
  const Entry& entry = known.job->entry();
  auto params = known.schema.check(request.params);
  if (!params) return answer_failed(400, params.error().message);
  request.params = std::move(*params);
  if (request.timeout.count() == 0) request.timeout = entry.timeout;
  if (request.timeout < kJobTimeoutMin || request.timeout > kJobTimeoutMax) {
    return answer_failed(
        400, fmt::format("timeout: found {}, expected 1s to 11h", seconds_text(request.timeout)));
  }
  if (!request.reply_to.empty()) {
    const auto checked = sinks_.replies == nullptr
                             ? base::Result<void>(base::invalid("this worker sends no answers"))
                             : sinks_.replies->check(request.reply_to);
    if (!checked) return answer_failed(400, "reply_to: " + checked.error().message);
  }
  const bool free = !entry.changes || request.dry_run || options.trusted;
  if (!free && !allow_.permits(entry.name, request.requested_by)) {
    return answer_failed(
        kNotAsThingsStand,
        fmt::format("requested_by: \"{}\" may not run {}, which changes things; expected somebody "
                    "whom a rule of --oncall-allow names, or dry_run",
                    request.requested_by.substr(0, 200), entry.name));
  }
  return std::nullopt;
}

// Sets the outcome's answer, and its params to what may be shown.
awaitable<void> Runner::carry_out(const Known& known, Work& work, const RunOptions& options) {
  Outcome& outcome = work.outcome;
  const Entry& entry = known.job->entry();
  const std::string params = outcome.request.params;
  for (std::string& secret : known.schema.secrets_in(params)) {
    work.log.hide(base::Secret(std::move(secret)));
  }
  std::exception_ptr stopped;
  try {
    const std::string clash = outcome.request.dry_run ? std::string() : clash_of(entry, params);
    Turns::Turn turn;
    if (!clash.empty()) turn = co_await turns_.take(clash, 1);
    std::optional<Answer> not_now;
    if (options.before && entry.changes && !entry.safe_to_retry && !outcome.request.dry_run) {
      not_now = co_await options.before();
    }
    if (not_now) {
      outcome.answer = std::move(*not_now);
    } else {
      outcome.ran = true;
      outcome.answer = co_await run_job(known, work);
    }
  } catch (...) {
    stopped = std::current_exception();
  }
  outcome.request.params = known.schema.without_secrets(params);
  if (stopped) {
    const bool in_the_middle =
        outcome.ran && entry.changes && !entry.safe_to_retry && !outcome.request.dry_run;
    if (!in_the_middle) std::rethrow_exception(stopped);
    // Nothing can be awaited before this:
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    work.cut_short = true;
    outcome.answer = answer_failed(
        500, fmt::format("{} was interrupted in the middle, because the worker had to let go of "
                         "it. It is not safe to run it twice: look at what it changed, then send "
                         "a new request",
                         entry.name));
  }
  outcome.answer.body = work.log.redacted(outcome.answer.body);
  if (outcome.answer.body.size() > kAnswerBodyBytesMax) {
    outcome.answer =
        answer_failed(500, fmt::format("the answer has {} bytes; accepted: at most {}",
                                       outcome.answer.body.size(), kAnswerBodyBytesMax));
  }
}

awaitable<Answer> Runner::run_job(const Known& known, Work& work) {
  Request request = work.outcome.request;
  const base::Duration timeout = request.timeout;
  try {
    auto first = co_await (answer_of(*known.job, std::move(request), work.log) ||
                           base::guarded(clock_.sleep_for(timeout)));
    if (auto* answer = std::get_if<0>(&first)) co_return std::move(*answer);
  } catch (const asio::multiple_exceptions&) {
    // Both sides were cancelled: the run itself was.
    throw boost::system::system_error(asio::error::operation_aborted);
  }
  co_return answer_failed(kTimeUp, fmt::format("not done after {}", seconds_text(timeout)));
}

// Whatever fails here is logged: the job itself is over.
awaitable<void> Runner::finish(Work& work) {
  Outcome& outcome = work.outcome;
  const Request& request = outcome.request;
  std::vector<LogLine> lines(work.log.lines().begin(), work.log.lines().end());
  if (work.log.dropped() > 0) {
    const LogLine note{outcome.began,
                       fmt::format("({} earlier lines were dropped)", work.log.dropped())};
    lines.insert(lines.begin(), note);
  }
  const auto complain = [&request](std::string_view what, const base::Error& error) {
    base::log_error("oncall", "the outcome of a job did not get everywhere",
                    {{"job", request.job},
                     {"request_id", request.request_id},
                     {"what", what},
                     {"error", error.to_string()}});
  };
  for (LogKeeper* keeper : sinks_.logs) {
    if (!outcome.ran) break;
    const auto kept = co_await keeper->keep(outcome, lines);
    if (kept) {
      outcome.log.append(outcome.log.empty() ? "" : " ").append(*kept);
    } else {
      complain("log", kept.error());
    }
  }
  log_audit(outcome);
  for (LogKeeper* keeper : sinks_.audits) {
    if (const auto kept = co_await keeper->keep(outcome, {}); !kept) {
      complain("audit", kept.error());
    }
  }
  if (!outcome.last) co_return;
  if (!request.reply_to.empty() && sinks_.replies != nullptr &&
      sinks_.replies->check(request.reply_to)) {
    if (const auto sent = co_await sinks_.replies->send(request.reply_to, reply_of(outcome));
        !sent) {
      complain("answer", sent.error());
    }
  }
  const bool failed = outcome.answer.status_code == 500 || outcome.answer.status_code == kTimeUp;
  if (failed && sinks_.pager != nullptr) {
    if (const auto told = co_await sinks_.pager->failed(outcome); !told) {
      complain("page", told.error());
    }
  }
}

}  // namespace consumers::oncall
