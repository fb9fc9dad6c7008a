#include "worker/cli.h"

#include "worker/cli_jobs.h"
#include "worker/dlq_options.h"
#include "worker/version.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <sstream>

namespace worker {
namespace {

constexpr const char* kAbout =
    "autorecycle: replaces the instances of EC2 Auto Scaling groups, safely, when they changed.\n\n"
    "Tag a group (autorecycle_recycle_on_asg_update=true, autorecycle_strategy=out-in) and run\n"
    "`autorecycle worker`; or ask by hand with `enqueue`, after a look at `plan`.";

constexpr const char* kFooter =
    "\nEvery option can also be set in the environment (--drain-deadline is\n"
    "AUTORECYCLE_DRAIN_DEADLINE) and in a config file (--config FILE or AUTORECYCLE_CONFIG; JSON,\n"
    "TOML or INI with the options' names as keys). A flag wins over the environment, that over\n"
    "the file, that over the default. AWS's own variables (AWS_REGION, AWS_PROFILE,\n"
    "AWS_ENDPOINT_URL, credentials) mean what they always mean.\n\n"
    "Exit codes: 0 done; 1 failed or refused, with the reason on standard error; 2 wrong usage or\n"
    "configuration; 128+N ended by signal N (130 SIGINT, 143 SIGTERM), the worker by its\n"
    "second one.\n";

constexpr const char* kWorkerFooter =
    "\nExamples:\n"
    "  autorecycle worker\n"
    "  autorecycle worker --config /etc/autorecycle.toml --log-format json\n"
    "  autorecycle worker --oncall-queue oncall-jobs --listen 0.0.0.0:9464\n\n"
    "SIGTERM or SIGINT drains: polls stop, messages not yet begun go back at once, short work may\n"
    "finish until --drain-deadline, running recycles are handed over to the next worker through\n"
    "their queue. Then exit code 0. A second signal ends it at once with 128+N; nothing is lost,\n"
    "but what was in hand is seen again only after its visibility timeout.\n"
    "SIGUSR1 pauses polling, SIGUSR2 resumes it (also POST /pause and /resume).\n"
    "SQS messages that can never succeed go to the dead-letter queue with the reason.\n\n"
    "Secrets are taken from the environment or the config file, never from a flag:\n"
    "AUTORECYCLE_HOOKS, AUTORECYCLE_OTLP_HEADERS, AUTORECYCLE_PAGERDUTY_KEY,\n"
    "AUTORECYCLE_SLACK_TOKEN, AUTORECYCLE_SLACK_WEBHOOK.\n";

constexpr const char* kEnqueueFooter =
    "\nExamples:\n"
    "  autorecycle enqueue recycle --asg web-asg-1\n"
    "  autorecycle enqueue recycle --asg web-asg-1 --strategy out-in --force --reason \"CVE\"\n"
    "  autorecycle enqueue recycle --asg web-asg-1 --dry-run     # the worker logs the plan\n\n"
    "Prints the id of the SQS message.\n";

constexpr const char* kPlanFooter =
    "\nExamples:\n"
    "  autorecycle plan --asg web-asg-1\n"
    "  autorecycle plan --asg web-asg-1 --strategy in-out --force --output json\n\n"
    "Reads the group and prints every step that a recycle would take; changes nothing. Exit code\n"
    "0 also when there is nothing to do (the reason is printed: not tagged, no drift); 1 when the\n"
    "recycle would be refused or abort, or when the group cannot be read.\n";

constexpr const char* kDecodeFooter =
    "\nExamples:\n"
    "  autorecycle decode event.json\n"
    "  aws sqs receive-message ... --query Messages[0].Body --output text | autorecycle decode\n\n"
    "Prints how the worker would understand the message: kind, groups, or why it is ignored.\n"
    "As JSON unless --output table is asked for. Exit code 1 when it is garbage, with what is\n"
    "wrong on standard error.\n";

constexpr const char* kWindowFooter =
    "\nExamples:\n"
    "  autorecycle window --window \"04:00:00, 05:30:00\" --at 2026-03-29T00:30:00Z\n"
    "  autorecycle window --window \"22:00:00, 02:00:00\" --exclude \"23:00:00, 23:30:00\" \\\n"
    "                     --zone America/New_York --output table\n\n"
    "Prints {\"wait\":false}, or {\"wait\":true,\"time_wait\":\"...\"}: when it opens, in UTC;\n"
    "with --output table a line for people. --exclude may be given several times.\n";

constexpr const char* kCredentialsFooter =
    "\nExamples:\n"
    "  autorecycle credentials\n"
    "  autorecycle credentials --profile payments --output json\n\n"
    "Prints where the credentials come from, when they expire, whose they are (asking STS) and\n"
    "where each service's requests go; never a secret. Exit code 1 when there are none or AWS\n"
    "refuses them; 0 with a remark on standard error when STS cannot be reached.\n";

constexpr const char* kStatusFooter =
    "\nExamples:\n"
    "  autorecycle status\n"
    "  autorecycle status --watch web-asg-1\n"
    "  autorecycle status --json | jq '.groups[] | select(.state == \"waiting\")'\n\n"
    "Read from the groups and the queues, so any machine with the permission to read them gives\n"
    "the same answer. Without a name: every group that is being recycled, waits for its window, "
    "is\n"
    "due, or cannot be recycled because of its tags. On a terminal --watch draws anew; into a "
    "file\n"
    "or a pipe it prints what has changed.\n";

constexpr const char* kPauseFooter =
    "\nExample:\n"
    "  autorecycle pause web-asg-1\n\n"
    "Sets the tag autorecycle:control=pause on the group, nothing else. The run stops at its next\n"
    "safe point and keeps the capacity that it has; no deadline runs. Exit code 1 when nothing is\n"
    "running on the group.\n";

constexpr const char* kResumeFooter =
    "\nExample:\n"
    "  autorecycle resume web-asg-1\n\n"
    "Removes the tag autorecycle:control from the group: the run that was paused goes on.\n";

constexpr const char* kCancelFooter =
    "\nExamples:\n"
    "  autorecycle cancel web-asg-1\n"
    "  autorecycle cancel web-asg-1 --restore\n\n"
    "Sets the tag autorecycle:control=cancel (or cancel-restore) on the group, nothing else. "
    "Before\n"
    "the first old instance has gone, the new ones go and the group is as it was. After that the\n"
    "run stops safely and restores sizes, processes and protection; with --restore the instances\n"
    "go back to the version before, too. Exit code 1 when nothing is running on the group.\n";

constexpr const char* kHistoryFooter =
    "\nExamples:\n"
    "  autorecycle history\n"
    "  autorecycle history web-asg-1 --days 7 --json\n\n"
    "From CloudTrail, which keeps 90 days and is some minutes late; it is read at two pages a\n"
    "second. Exit code 0 also when there was none.\n";

constexpr const char* kDlqFooter =
    "\nExamples:\n"
    "  autorecycle dlq ls\n"
    "  autorecycle dlq peek orders-dlq --kind decode\n"
    "  autorecycle dlq replay orders-dlq --dry-run\n"
    "  autorecycle dlq replay orders-dlq --where 'detail.type = \"x\"' --rate 50 --canary 10\n"
    "  autorecycle dlq export orders-dlq letters.ndjson && autorecycle dlq purge orders-dlq\n\n"
    "Exit codes: 0 everything that was meant was done; 1 failed, with the reason; 2 wrong usage;\n"
    "3 something that was meant is still there (could not be sent, the canary came back); 128+N\n"
    "stopped by signal N, what was held has been given back. A replay that did not end goes on\n"
    "with --resume. See docs/dead-letters.md.\n";

// CLI11 writes what it found through here; the values stay text, worker/config.cc reads them.
struct Found {
  Settings values;
  std::map<std::string, bool> switches;
  std::string config_file;
  std::string input_file;
  std::vector<std::string> groups;
  DlqSettings dlq_options;
  std::map<std::string, bool> dlq_switches;
  std::string dlq_queue;
  std::string dlq_id;
  std::string dlq_file;
};

// The group as a word of its own; --asg says the same.
void take_group(CLI::App* command, Found& found) {
  CLI::Option* group = command->add_option_function<std::string>(
      "group", [&found](const std::string& name) { found.values["asg"] = name; },
      "The Auto Scaling group");
  group->excludes(command->get_option("--asg"));
}

void add_options(CLI::App& app, unsigned scope, Found& found) {
  for (const OptionSpec& spec : option_specs()) {
    if ((spec.scope & scope) == 0 || spec.secret) continue;
    const std::string flag = "--" + spec.name;
    CLI::Option* option = nullptr;
    if (spec.argument.empty()) {
      option = app.add_flag(flag, found.switches[spec.name], spec.help);
    } else {
      option = app.add_option_function<std::string>(
          flag, [&found, name = spec.name](const std::string& text) { found.values[name] = text; },
          spec.help);
      if (spec.name == "exclude") option->multi_option_policy(CLI::MultiOptionPolicy::Join);
      option->type_name(spec.fallback.empty() ? spec.argument
                                              : spec.argument + " [" + spec.fallback + "]");
    }
    constexpr unsigned kCommon = kEveryScope & ~kWorkerScope;  // the worker prints no answer
    if ((spec.scope & kCommon) == kCommon) option->group("Common");
  }
  app.add_option("--config", found.config_file, "Config file (JSON, TOML or INI)")
      ->type_name("FILE")
      ->group("Common");
}

CLI::App* add_command(CLI::App& parent, const char* name, const char* about, const char* footer,
                      unsigned scope, Found& found) {
  CLI::App* command = parent.add_subcommand(name, about);
  command->footer(footer);
  add_options(*command, scope, found);
  return command;
}

CLI::App* add_dlq_command(CLI::App& dlq, const char* name, const char* about, unsigned bit,
                          Found& found) {
  CLI::App* command = add_command(dlq, name, about, kDlqFooter, kDlqScope, found);
  for (const DlqOptionSpec& spec : dlq_option_specs()) {
    if ((spec.commands & bit) == 0) continue;
    if (spec.argument.empty()) {
      command->add_flag("--" + spec.name, found.dlq_switches[spec.name], spec.help);
      continue;
    }
    // Every one is kept, in its order; what may be given once is refused with the others' words.
    const auto keep = [&found, option = spec.name](const std::vector<std::string>& texts) {
      for (const std::string& text : texts) found.dlq_options.emplace_back(option, text);
    };
    command->add_option_function<std::vector<std::string>>("--" + spec.name, keep, spec.help)
        ->type_name(spec.argument)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
  }
  return command;
}

void add_dlq(CLI::App& app, Found& found) {
  CLI::App* dlq = app.add_subcommand("dlq", "Dead letters: look, replay, export, import, purge");
  dlq->require_subcommand(1);
  dlq->footer(kDlqFooter);
  const auto queue = [&found](CLI::App* command) {
    command->add_option("queue", found.dlq_queue, "The dead-letter queue: name, URL or ARN")
        ->required();
    return command;
  };
  add_dlq_command(*dlq, "ls", "List dead-letter queues: depth, age, reasons", kDlqLs, found)
      ->add_option("prefix", found.dlq_queue, "Only queues whose names begin so");
  queue(add_dlq_command(*dlq, "peek", "Print some letters; all of them go back", kDlqPeek, found));
  queue(add_dlq_command(*dlq, "show", "Print all of one letter", kDlqShow, found))
      ->add_option("id", found.dlq_id, "Message id, of the letter or of the original")
      ->required();
  queue(add_dlq_command(*dlq, "replay", "Send letters back to where they came from", kDlqReplay,
                        found));
  queue(add_dlq_command(*dlq, "export", "Write letters as NDJSON; they stay", kDlqExport, found))
      ->add_option("file", found.dlq_file, "A new file; standard output without one");
  add_dlq_command(*dlq, "import", "Send the letters of an export, once all of it is verified",
                  kDlqImport, found)
      ->add_option("file", found.dlq_file, "The export, or - for standard input");
  queue(add_dlq_command(*dlq, "purge", "Delete all letters, after asking", kDlqPurge, found));
}

std::string chosen(const CLI::App& app) {
  for (const CLI::App* command : app.get_subcommands()) {
    const std::string below = chosen(*command);
    return below.empty() ? command->get_name() : command->get_name() + " " + below;
  }
  return {};
}

// CLI11 says "A subcommand is required": without naming them, and even where one was given that it
// does not know.
std::string explain(const CLI::ParseError& error, const CLI::App& app,
                    const std::vector<std::string>& given) {
  const bool option_first = !given.empty() && given.front().starts_with('-');
  if (option_first && dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    return given.front().substr(0, 80) + ": options come after the command";
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error) == nullptr) return error.what();
  const CLI::App* innermost = &app;
  std::string path = "autorecycle";
  std::size_t depth = 0;
  for (; !innermost->get_subcommands().empty(); ++depth) {
    innermost = innermost->get_subcommands().front();
    path += " " + innermost->get_name();
  }
  std::string names;
  for (const CLI::App* command : innermost->get_subcommands([](const CLI::App*) { return true; })) {
    names += (names.empty() ? "" : ", ") + command->get_name();
  }
  if (names.empty()) return error.what();
  const std::string problem = given.size() > depth
                                  ? "\"" + given[depth].substr(0, 80) + "\" is not a command"
                                  : "no command is given";
  return problem + "; after `" + path + "` comes one of: " + names;
}

// The secret option that is given as a flag, if one is.
const OptionSpec* secret_among(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (!argument.starts_with("--")) continue;
    const OptionSpec* spec = find_option(argument.substr(2, argument.find('=') - 2));
    if (spec != nullptr && spec->secret) return spec;
  }
  return nullptr;
}

}  // namespace

CommandLine parse_command_line(std::vector<std::string> arguments) {
  Found found;
  CLI::App app(kAbout, "autorecycle");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("autorecycle ") + kVersion);
  app.require_subcommand(1);
  app.get_formatter()->column_width(38);

  add_command(app, "worker", "Take messages from the queues and do what they ask for",
              kWorkerFooter, kWorkerScope, found);
  CLI::App* enqueue = app.add_subcommand("enqueue", "Send a request to the worker");
  enqueue->require_subcommand(1);
  take_group(add_command(*enqueue, "recycle", "Ask for a group to be recycled", kEnqueueFooter,
                         kEnqueueScope, found),
             found);
  take_group(add_command(app, "plan", "Print what recycling a group would do, step by step",
                         kPlanFooter, kPlanScope, found),
             found);
  add_command(app, "decode", "Print how a message would be understood", kDecodeFooter, kDecodeScope,
              found)
      ->add_option("file", found.input_file, "The message's body; standard input without one");
  add_command(app, "window", "Say whether a recycle window is open", kWindowFooter, kWindowScope,
              found);

  add_command(app, "credentials", "Say which AWS credentials and endpoints are used",
              kCredentialsFooter, kCredentialsScope, found);
  add_command(app, "status", "Say what is being recycled, how far it is and what it waits for",
              kStatusFooter, kStatusScope, found)
      ->add_option("groups", found.groups, "The Auto Scaling groups; all of interest without one");
  const auto add_control = [&](const char* name, const char* about, const char* footer) {
    CLI::App* command = add_command(app, name, about, footer, kControlScope, found);
    take_group(command, found);
    return command;
  };
  for (CLI::App* command :
       {add_control("pause", "Stop a recycle at its next safe point", kPauseFooter),
        add_control("resume", "Let a paused recycle go on", kResumeFooter)}) {
    command->remove_option(command->get_option("--restore"));
  }
  add_control("cancel", "End a recycle and leave the group in order", kCancelFooter);
  take_group(add_command(app, "history", "List the recycles of the past", kHistoryFooter,
                         kHistoryScope, found),
             found);

  add_dlq(app, found);
  CommandLine line;
  add_jobs(
      app, line.jobs,
      [&found](CLI::App& parent, const char* name, const char* about, const char* footer,
               unsigned scope) { return add_command(parent, name, about, footer, scope, found); });
  if (const OptionSpec* secret = secret_among(arguments)) {
    line.exit_code = kExitUsage;
    line.err = "autorecycle: --" + secret->name + " is a secret, and flags can be read by every " +
               "user of the machine: set " + environment_name(secret->name) +
               ", or put it into the config file\n";
    return line;
  }
  const std::vector<std::string> words = arguments;
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = app.exit(error, out, err);
    line.exit_code = code == 0 ? kExitOk : kExitUsage;
    line.out = out.str();
    if (code != 0)
      line.err = "autorecycle: " + explain(error, app, words) +
                 "\nSee `autorecycle --help` and `autorecycle COMMAND --help`.\n";
    return line;
  }
  line.run = true;
  line.command = chosen(app);
  line.flags = std::move(found.values);
  for (const auto& [name, given] : found.switches) {
    if (given) line.flags[name] = "true";
  }
  line.config_file = found.config_file;
  line.input_file = found.input_file;
  line.groups = std::move(found.groups);
  line.dlq_options = std::move(found.dlq_options);
  for (const auto& [name, given] : found.dlq_switches) {
    if (given) line.dlq_options.emplace_back(name, "true");
  }
  line.dlq_queue = found.dlq_queue;
  line.dlq_id = found.dlq_id;
  line.dlq_file = found.dlq_file;
  return line;
}

}  // namespace worker
