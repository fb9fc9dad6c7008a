#include "worker/program.h"

#include "worker/cli.h"
#include "worker/command_dlq.h"
#include "worker/command_jobs.h"

#include <unistd.h>  // environ

#include <csignal>
#include <fstream>
#include <istream>
#include <iterator>
#include <ostream>

namespace worker {
namespace {

constexpr std::size_t kInputBytesMax = 8U << 20U;  // SQS messages end at 1 MiB

base::Result<std::string> read_stream(std::istream& in, const std::string& name) {
  std::string text(kInputBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kInputBytesMax) return base::invalid(name + ": larger than 8 MiB");
  return text;
}

base::Result<std::string> read_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) return base::invalid(name + ": cannot be opened");
  file.peek();
  if (file.bad()) return base::invalid(name + ": cannot be read");
  return read_stream(file, name);
}

base::Result<Config> configure(const CommandLine& line, const Settings& environment) {
  std::string file_name = line.config_file;
  const auto variable = environment.find("AUTORECYCLE_CONFIG");
  if (file_name.empty() && variable != environment.end()) file_name = variable->second;
  Settings file;
  if (!file_name.empty()) {
    const auto text = read_file(file_name);
    if (!text) return text.error().while_doing("reading the config file");
    auto parsed = parse_config_file(*text, file_name);
    if (!parsed) return parsed.error();
    file = std::move(*parsed);
  }
  return resolve_config(line.flags, environment, file, file_name);
}

int run_decode_of(const std::string& input, Output output, std::istream& in, std::ostream& out,
                  std::ostream& err) {
  const auto body =
      input.empty() || input == "-" ? read_stream(in, "standard input") : read_file(input);
  if (!body) return fail(err, body.error());
  return run_decode(*body, output, out, err);
}

int run_command(const CommandLine& line, const Config& config, std::istream& in, std::ostream& out,
                std::ostream& err) {
  if (line.command == "enqueue recycle") return run_enqueue(config, out, err);
  if (line.command == "plan") return run_plan(config, out, err);
  if (line.command == "credentials") return run_credentials(config, out, err);
  if (line.command == "status") return run_status(config, line.groups, out, err);
  if (line.command == "pause") return run_control(config, ControlWish::kPause, out, err);
  if (line.command == "resume") return run_control(config, ControlWish::kResume, out, err);
  if (line.command == "cancel") return run_control(config, ControlWish::kCancel, out, err);
  if (line.command == "history") return run_history(config, out, err);
  if (line.command.starts_with("dlq ")) return run_dlq(line, config, in, out, err);
  if (line.command == "window") return run_window(config, base::RealClock().now(), out, err);
  return run_decode_of(line.input_file, config.output.value_or(Output::kJson), in, out, err);
}

}  // namespace

Settings read_environment() {
  Settings variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return variables;
}

int run_program(std::vector<std::string> arguments, const Settings& environment, std::istream& in,
                std::ostream& out, std::ostream& err, const Factories& factories) {
  // A reader that goes away (`| head`, a peer that closes its TLS connection) is an error of that
  // write; it must not end the process, least of all in the middle of a recycle.
  std::signal(SIGPIPE, SIG_IGN);
  const CommandLine line = parse_command_line(std::move(arguments));
  out << line.out;
  err << line.err;
  if (!line.run) return line.exit_code;

  const auto config = configure(line, environment);
  if (!config) {
    fail(err, config.error());
    return kExitUsage;
  }
  // Informational lines are the worker's business; a command by hand prints its answer.
  const bool quiet = line.command != "worker" && config->log_level == base::LogLevel::kInfo;
  base::configure_log(quiet ? base::LogLevel::kWarn : config->log_level, config->log_format);
  for (const std::string& variable : unknown_environment(environment)) {
    base::log_warn("worker", "environment variable names no option", {{"variable", variable}});
  }

  if (line.command == "worker") return run_worker(*config, factories, environment, err);
  const int code = line.command.starts_with("jobs ")
                       ? run_jobs(line, *config, factories.jobs, environment, out, err)
                       : run_command(line, *config, in, out, err);
  if (out.flush()) return code;
  err << "autorecycle: the answer could not be written to standard output\n";
  return kExitFailed;
}

}  // namespace worker
