#include "consumers/oncall/script_job.h"

#include "consumers/oncall/schema.h"
#include "consumers/oncall/schema_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

namespace consumers::oncall {

using boost::asio::awaitable;

namespace {

constexpr int kStatusCodes[] = {200, 400, 404, 408, 409, 500};
constexpr int kAsIfKilled = 128 + SIGKILL;

std::string last_line(const JobLog& log) {
  for (auto line = log.lines().rbegin(); line != log.lines().rend(); ++line) {
    if (!line->text.empty()) return line->text;
  }
  return "";
}

// {"statusCode":404,"body":...} as the functions print it that scripts take the place of.
std::optional<Answer> own_answer(const Json& printed) {
  if (!printed.is_object() || !printed.contains("statusCode") || !printed.contains("body")) {
    return std::nullopt;
  }
  const Json& code = printed["statusCode"];
  const Json& body = printed["body"];
  if (!code.is_number_integer() ||
      std::ranges::find(kStatusCodes, code.get<int>()) == std::ranges::end(kStatusCodes)) {
    return std::nullopt;
  }
  Answer answer{code.get<int>(), json_text(body)};
  // A body that is JSON in a string already.
  if (body.is_string() && Json::accept(body.get_ref<const std::string&>())) {
    answer.body = body.get<std::string>();
  }
  return answer;
}

std::string limit_words(const ScriptEnd& end, const ScriptLimits& limits) {
  switch (end.why) {
    case ScriptEnd::Why::kTooMuchOutput:
      return fmt::format("it printed more than {} KiB; accepted: limits.output_kb",
                         limits.output_kb);
    case ScriptEnd::Why::kTooManyProcesses:
      return fmt::format("it had more than {} processes; accepted: limits.processes",
                         limits.processes);
    case ScriptEnd::Why::kTooMuchMemory:
      return fmt::format("it took more than {} MB of memory; accepted: limits.memory_mb",
                         limits.memory_mb);
    case ScriptEnd::Why::kCannotRun:
      return fmt::format("it cannot be run: {}", std::strerror(end.error));
    case ScriptEnd::Why::kSignal:
      if (end.signal == SIGXCPU || end.signal == SIGKILL) {
        return fmt::format(
            "it was ended by signal {} ({}): limits.cpu_seconds is {}, or memory "
            "ran out",
            end.signal, ::strsignal(end.signal), limits.cpu_seconds);
      }
      if (end.signal == SIGXFSZ) {
        return fmt::format("it wrote a file of more than {} MB; accepted: limits.file_mb",
                           limits.file_mb);
      }
      return fmt::format("it was ended by signal {} ({})", end.signal, ::strsignal(end.signal));
    default:
      return "its guard was killed: nobody knows what became of it";
  }
}

Answer failed(const Script& script, std::string_view why) {
  return answer_failed(500, fmt::format("Error running {}: {}", script.entry.name, why));
}

}  // namespace

ScriptJob::ScriptJob(Script script, ScriptRunner& runner, Secrets& secrets,
                     const std::map<std::string, std::string>& variables)
    : script_(std::move(script)), runner_(runner), secrets_(secrets) {
  for (const std::string& name : script_.environment) {
    if (const auto found = variables.find(name); found != variables.end()) {
      environment_.push_back(name + "=" + found->second);
    }
  }
  environment_.emplace_back("LANG=C.UTF-8");
}

awaitable<Answer> ScriptJob::run(Request request, JobLog& log) {
  const Entry& entry = script_.entry;
  if (request.dry_run && entry.changes && !script_.dry_run) {
    Json plan = {{"dry_run", true}, {"would_run", script_.command}};
    plan["params"] = Json::parse(request.params, nullptr, false);
    co_return answer_done(json_text(plan));
  }
  Json secrets = Json::object();
  for (const auto& [name, where] : script_.secrets) {
    auto value = co_await secrets_.fetch(*parse_secret_name(where));
    if (!value)
      co_return answer_failed(500, fmt::format("Error reading the secret {} ({}): {}", name, where,
                                               value.error().to_string()));
    secrets[name] = value->expose();
    log.hide(std::move(*value));
  }
  Json input = {{"job", request.job}};
  input["params"] = Json::parse(request.params, nullptr, false);
  input["request_id"] = request.request_id;
  input["requested_by"] = request.requested_by;
  input["dry_run"] = request.dry_run;
  input["secrets"] = std::move(secrets);

  ScriptCall call;
  call.words = script_.command;
  call.environment = environment_;
  call.folder = script_.folder;
  call.input = json_text(input) + "\n";
  call.limits = script_.limits;
  call.timeout = request.timeout;
  const ScriptEnd end = co_await runner_.run(std::move(call), log);
  if (end.left_over > 0) {
    log.line(fmt::format("({} processes that it left behind were killed)", end.left_over));
  }
  Answer answer = answer_of(end, script_, log);
  if (answer.status_code == 200 && !entry.output_schema.empty()) {
    const auto schema = Schema::parse(entry.output_schema);
    for (const std::string& problem : schema->check_all(answer.body, "output")) {
      log.line(fmt::format("(the answer is not as job.json says: {})", problem));
    }
  }
  co_return answer;
}

Answer answer_of(const ScriptEnd& end, const Script& script, const JobLog& log) {
  if (end.why == ScriptEnd::Why::kTimeout) {
    return answer_failed(408,
                         fmt::format("{} was not done in time and was ended", script.entry.name));
  }
  if (end.why != ScriptEnd::Why::kExited) return failed(script, limit_words(end, script.limits));
  const Json printed = parse_bounded(end.output, end.output.size());
  const std::string words = last_line(log);
  if (end.exit_code != 0) {
    const auto own = own_answer(printed);
    if (own && own->status_code != 200) return *own;
    return failed(script, fmt::format("exit code {}{}{}{}", end.exit_code,
                                      end.exit_code == kAsIfKilled ? " (as after SIGKILL)" : "",
                                      words.empty() ? "" : ": ", words));
  }
  if (printed.is_discarded()) {
    const std::string start = log.redacted(end.output).substr(0, 80);
    return failed(script, end.output.empty()
                              ? std::string("it printed nothing, expected JSON on standard output")
                              : fmt::format("it printed what is not JSON: {}", shown(Json(start))));
  }
  if (auto own = own_answer(printed)) return std::move(*own);
  return answer_done(json_text(printed));
}

}  // namespace consumers::oncall
