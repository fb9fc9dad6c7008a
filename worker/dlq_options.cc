#include "worker/dlq_options.h"

#include "worker/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace worker {
namespace {

constexpr unsigned kFiltered = kDlqPeek | kDlqReplay | kDlqExport;
constexpr long long kCountMax = 1'000'000'000;
constexpr std::size_t kTextMax = 4'096;
constexpr std::size_t kRepeatsMax = 100;

bool read_count(std::string_view text, long long low, long long& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= low &&
         value <= kCountMax;
}

template <std::size_t DlqArguments::*Field>
bool set_count(DlqArguments& arguments, std::string_view text) {
  long long value = 0;
  if (!read_count(text, 0, value)) return false;
  arguments.*Field = static_cast<std::size_t>(value);
  return true;
}

template <std::string DlqArguments::*Field>
bool set_text(DlqArguments& arguments, std::string_view text) {
  arguments.*Field = text;
  return !text.empty() && text.size() <= kTextMax;
}

template <bool DlqArguments::*Field>
bool set_switch(DlqArguments& arguments, std::string_view text) {
  arguments.*Field = text == "true";
  return text == "true" || text == "false";
}

template <base::Duration DlqArguments::*Field>
bool set_duration(DlqArguments& arguments, std::string_view text) {
  return parse_duration(text, arguments.*Field) && arguments.*Field >= base::Duration(0);
}

template <std::vector<std::string> dlq::FilterSpec::*Field>
bool add_to_filter(DlqArguments& arguments, std::string_view text) {
  auto& list = arguments.filter.*Field;
  list.emplace_back(text);
  return !text.empty() && text.size() <= kTextMax && list.size() <= kRepeatsMax;
}

template <std::string dlq::FilterSpec::*Field>
bool set_in_filter(DlqArguments& arguments, std::string_view text) {
  arguments.filter.*Field = text;
  return !text.empty() && text.size() <= kTextMax;
}

template <std::optional<base::Duration> dlq::FilterSpec::*Field>
bool set_age(DlqArguments& arguments, std::string_view text) {
  base::Duration age{0};
  if (!parse_duration(text, age)) return false;
  arguments.filter.*Field = age;
  return true;
}

template <std::optional<int> dlq::FilterSpec::*Field>
bool set_receives(DlqArguments& arguments, std::string_view text) {
  long long value = 0;
  if (!read_count(text, 1, value)) return false;
  arguments.filter.*Field = static_cast<int>(value);
  return true;
}

bool set_rate(DlqArguments& arguments, std::string_view text) {
  constexpr double kRateMin = 0.001;
  constexpr double kRateMax = 1e6;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), arguments.rate);
  return error == std::errc() && end == text.data() + text.size() && arguments.rate >= kRateMin &&
         arguments.rate <= kRateMax;
}

bool set_visibility(DlqArguments& arguments, std::string_view text) {
  return set_duration<&DlqArguments::visibility>(arguments, text) &&
         arguments.visibility >= std::chrono::seconds(5) &&
         arguments.visibility <= std::chrono::hours(2);
}

bool add_edit(DlqArguments& arguments, std::string_view text) {
  arguments.edits.emplace_back(text);
  return !text.empty() && text.size() <= kTextMax && arguments.edits.size() <= kRepeatsMax;
}

bool set_s3(DlqArguments& arguments, std::string_view text) {
  arguments.s3 = text;
  return text.starts_with("s3://") && text.size() > 5 && text.size() <= 1'024;
}

bool set_yes(DlqArguments& arguments, std::string_view text) {
  long long value = 0;
  if (!read_count(text, 0, value)) return false;
  arguments.yes = value;
  return true;
}

void add_filters(std::vector<DlqOptionSpec>& rows) {
  using Spec = dlq::FilterSpec;
  const std::string number = "a whole number from 1";
  const std::string duration = "a duration such as 30s, 5m, 2h or 3d";
  rows.push_back({"id", "ID", "Message id; several: any of them", kFiltered, "a message's id",
                  add_to_filter<&Spec::ids>, true});
  rows.push_back({"kind", "KIND",
                  "Error kind: decode, invalid, ...; receive-count for what SQS moved itself",
                  kFiltered, "an error kind", add_to_filter<&Spec::error_kinds>, true});
  rows.push_back({"reason", "REGEX", "Reason (RE2)", kFiltered, "a regular expression",
                  set_in_filter<&Spec::reason>});
  rows.push_back({"source", "QUEUE", "The queue it came from; several: any of them", kFiltered,
                  "a queue's name or ARN", add_to_filter<&Spec::sources>, true});
  rows.push_back({"group", "GROUP", "MessageGroupId; several: any of them", kFiltered, "a group",
                  add_to_filter<&Spec::groups>, true});
  rows.push_back({"attribute", "NAME[=VALUE]",
                  "Message attribute: there, equal, or NAME~REGEX; several: all of them", kFiltered,
                  "NAME, NAME=VALUE or NAME~REGEX", add_to_filter<&Spec::attributes>, true});
  rows.push_back({"where", "CONDITION",
                  "Of a JSON body: 'a.b', 'a.b[0] = 7', != < <= > >=, ~ REGEX; several: all",
                  kFiltered, "a condition such as 'detail.id = 7'", add_to_filter<&Spec::where>,
                  true});
  rows.push_back({"body", "REGEX", "Body (RE2)", kFiltered, "a regular expression",
                  set_in_filter<&Spec::body>});
  rows.push_back({"older-than", "DURATION", "First seen at least so long ago", kFiltered, duration,
                  set_age<&Spec::older_than>});
  rows.push_back({"newer-than", "DURATION", "First seen at most so long ago", kFiltered, duration,
                  set_age<&Spec::newer_than>});
  rows.push_back({"receives-min", "N", "Received at least so often", kFiltered, number,
                  set_receives<&Spec::receives_min>});
  rows.push_back({"receives-max", "N", "Received at most so often", kFiltered, number,
                  set_receives<&Spec::receives_max>});
}

void add_replay(std::vector<DlqOptionSpec>& rows) {
  using Arguments = DlqArguments;
  const std::string number = "a whole number from 0";
  rows.push_back({"to", "QUEUE", "Where to, instead of each letter's own source",
                  kDlqReplay | kDlqImport, "a queue's name, URL or ARN", set_text<&Arguments::to>});
  rows.push_back({"rate", "N", "At most so many a second", kDlqReplay | kDlqImport,
                  "a number from 0.001 to 1000000", set_rate});
  rows.push_back({"ramp", "DURATION", "From a tenth of the rate to all of it within this time",
                  kDlqReplay, "a duration such as 30s or 5m", set_duration<&Arguments::ramp>});
  rows.push_back(
      {"max", "N", "At most so many", kDlqReplay | kDlqExport, number, set_count<&Arguments::max>});
  rows.push_back({"canary", "N", "So many first; the rest only if they do not come back",
                  kDlqReplay, number, set_count<&Arguments::canary>});
  rows.push_back({"canary-wait", "DURATION", "How long the canary is waited for [2m]", kDlqReplay,
                  "a duration such as 30s or 5m", set_duration<&Arguments::canary_wait>});
  rows.push_back({"dry-run", "", "Count what would be sent where, change nothing", kDlqReplay,
                  "true or false", set_switch<&Arguments::dry_run>});
  rows.push_back({"edit", "EDIT", "Of a JSON body: 'path = value' or 'delete path'; several: all",
                  kDlqReplay, "'path = value' or 'delete path'", add_edit, true});
  rows.push_back({"edit-command", "COMMAND",
                  "A program (no shell) that is given each message as JSON and prints it changed",
                  kDlqReplay, "a command", set_text<&Arguments::edit_command>});
  rows.push_back({"checkpoint", "FILE",
                  "What --resume goes on from [autorecycle-replay-QUEUE.checkpoint], or off",
                  kDlqReplay, "a file name, or off", set_text<&Arguments::checkpoint>});
  rows.push_back({"resume", "", "Go on with the replay whose checkpoint is there", kDlqReplay,
                  "true or false", set_switch<&Arguments::resume>});
  rows.push_back({"own-replay", "", "Never SQS's own move task", kDlqReplay, "true or false",
                  set_switch<&Arguments::own_replay>});
  rows.push_back({"visibility", "DURATION", "How long letters stay hidden if this dies [2m]",
                  kFiltered | kDlqShow, "a duration from 5s to 2h", set_visibility});
}

}  // namespace

const std::vector<DlqOptionSpec>& dlq_option_specs() {
  static const std::vector<DlqOptionSpec> kSpecs = [] {
    std::vector<DlqOptionSpec> rows;
    add_filters(rows);
    add_replay(rows);
    rows.push_back({"sample", "N", "Letters of each queue to look at for kinds and age [100]",
                    kDlqLs, "a whole number from 0", set_count<&DlqArguments::sample>});
    rows.push_back({"count", "N", "How many letters; 0: all [10]", kDlqPeek,
                    "a whole number from 0", set_count<&DlqArguments::count>});
    rows.push_back({"s3", "s3://BUCKET/PREFIX", "Objects of S3 instead of a file",
                    kDlqExport | kDlqImport, "s3://BUCKET/PREFIX", set_s3});
    rows.push_back({"skip", "N", "Lines that were imported before", kDlqImport,
                    "a whole number from 0", set_count<&DlqArguments::skip>});
    rows.push_back({"yes", "COUNT", "Do not ask, if there are exactly so many", kDlqPurge,
                    "the number of letters", set_yes});
    return rows;
  }();
  return kSpecs;
}

base::Result<DlqArguments> read_dlq_arguments(const DlqSettings& settings, unsigned command) {
  DlqArguments arguments;
  std::map<std::string, int> given;
  for (const auto& [name, value] : settings) {
    const auto& specs = dlq_option_specs();
    const auto spec = std::ranges::find(specs, name, &DlqOptionSpec::name);
    if (spec == specs.end() || (spec->commands & command) == 0) {
      return base::invalid(fmt::format("{}: no option of this command", name.substr(0, 80)));
    }
    if (++given[name] > 1 && !spec->repeats) {
      return base::invalid(fmt::format("--{}: given more than once", name));
    }
    if (!spec->set(arguments, value)) {
      return base::invalid(fmt::format("--{}: found \"{}\", expected {}", name,
                                       value.substr(0, 100), spec->accepted));
    }
  }
  return arguments;
}

}  // namespace worker
