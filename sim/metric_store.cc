#include "sim/metric_store.h"

#include "sim/arguments.h"
#include "sim/ec2_support.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

namespace sim {
namespace {

constexpr std::size_t kDataMax = 1'000;
constexpr std::size_t kValuesMax = 150;
constexpr std::size_t kDimensionsMax = 30;
constexpr std::size_t kPeriodsMax = 1'440;
// How far from now a timestamp may be.
constexpr auto kOldest = std::chrono::hours(24 * 14);
constexpr auto kNewest = std::chrono::hours(2);

ApiError invalid(std::string message) {
  return api_error("InvalidParameterValue", std::move(message));
}

std::optional<double> number_of(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<std::vector<double>> numbers_of(const std::vector<std::string>& texts) {
  std::vector<double> numbers;
  for (const std::string& text : texts) {
    const auto number = number_of(text);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

MetricStore::Dimensions dimensions_of(Arguments& args) {
  MetricStore::Dimensions dimensions;
  for (const Json& dimension : args.objects("Dimensions")) {
    Arguments member(dimension, ErrorStyle::kAutoScaling);
    dimensions[member.required_text("Name")] = member.required_text("Value");
    args.take_error(member);
  }
  return dimensions;
}

Json describe(const MetricStore::Dimensions& dimensions) {
  Json list = Json::array();
  for (const auto& [name, value] : dimensions) list.push_back({{"Name", name}, {"Value", value}});
  return list;
}

void add(MetricStore::Statistics& to, double value, double count) {
  to.least = to.samples == 0 ? value : std::min(to.least, value);
  to.most = to.samples == 0 ? value : std::max(to.most, value);
  to.sum += value * count;
  to.samples += count;
}

}  // namespace

std::variant<MetricStore::Read, ApiError> MetricStore::read(const std::string& name_space,
                                                            const Json& datum) const {
  Arguments args(datum, ErrorStyle::kAutoScaling);
  Read read{{name_space, args.required_text("MetricName"), dimensions_of(args)}, {}};
  const std::string stamp = args.text_or("Timestamp", {});
  std::vector<std::string> texts = args.texts("Values");
  const std::vector<std::string> count_texts = args.texts("Counts");
  if (const auto single = args.text("Value")) {
    if (!texts.empty()) return invalid("Value and Values are mutually exclusive.");
    texts = {*single};
  }
  if (args.error()) return *args.error();
  const base::TimePoint now = world_.clock().now();
  const auto at = stamp.empty() ? base::Result<base::TimePoint>(now) : base::parse_rfc3339(stamp);
  if (!at || *at < now - kOldest || *at > now + kNewest) {
    return invalid(
        "The parameter Timestamp must not be more than two weeks old or two hours ahead.");
  }
  const auto values = numbers_of(texts);
  auto counts = numbers_of(count_texts);
  if (!values || !counts || values->empty()) return invalid("A value is not a number, or none.");
  if (counts->empty()) counts->assign(values->size(), 1);
  if (values->size() > kValuesMax || counts->size() != values->size()) {
    return invalid("Values and Counts must have the same length, at most 150.");
  }
  if (read.key.dimensions.size() > kDimensionsMax) return invalid("More than 30 dimensions.");
  for (std::size_t i = 0; i < values->size(); ++i) {
    read.values.push_back({*at, (*values)[i], (*counts)[i]});
  }
  return read;
}

// All or nothing, as CloudWatch has it.
ApiOutcome MetricStore::put(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  const std::string name_space = args.required_text("Namespace");
  const std::vector<Json> data = args.objects("MetricData");
  if (args.error()) return *args.error();
  if (name_space.starts_with("AWS/")) return invalid("The value AWS/ for Namespace is reserved.");
  if (data.empty() || data.size() > kDataMax) {
    return invalid("The collection MetricData must have a size from 1 to 1000.");
  }
  std::vector<Read> all;
  for (const Json& datum : data) {
    auto one = read(name_space, datum);
    if (auto* error = std::get_if<ApiError>(&one)) return std::move(*error);
    all.push_back(std::move(std::get<Read>(one)));
  }
  if (kept_ >= kDataKept) return api_error("LimitExceeded", "The simulated store is full.");
  for (Read& one : all) {
    kept_ += one.values.size();
    auto& kept = metrics_[one.key];
    kept.insert(kept.end(), one.values.begin(), one.values.end());
  }
  puts_.push_back({world_.clock().now(), data.size()});
  return ApiAnswer{};
}

MetricStore::Statistics MetricStore::of(const Key& key) const {
  Statistics statistics;
  const auto found = metrics_.find(key);
  if (found == metrics_.end()) return statistics;
  for (const Value& value : found->second) add(statistics, value.value, value.count);
  return statistics;
}

std::vector<MetricStore::Key> MetricStore::keys() const {
  std::vector<Key> keys;
  for (const auto& [key, values] : metrics_) keys.push_back(key);
  return keys;
}

ApiOutcome MetricStore::statistics(const ApiCall& call) const {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  Key key{args.required_text("Namespace"), args.required_text("MetricName"), dimensions_of(args)};
  const auto from = base::parse_rfc3339(args.required_text("StartTime"));
  const auto to = base::parse_rfc3339(args.required_text("EndTime"));
  const auto period = std::chrono::seconds(args.required_integer("Period"));
  if (args.error()) return *args.error();
  if (!from || !to || *from >= *to || period.count() < 1) {
    return invalid("StartTime must be before EndTime, and Period at least 1.");
  }
  if (static_cast<std::size_t>((*to - *from) / period) > kPeriodsMax) {
    return api_error("InvalidParameterCombination", "More than 1440 datapoints are asked for.");
  }
  std::map<base::TimePoint, Statistics> periods;
  if (const auto found = metrics_.find(key); found != metrics_.end()) {
    for (const Value& value : found->second) {
      if (value.at < *from || value.at >= *to) continue;
      add(periods[*from + (value.at - *from) / period * period], value.value, value.count);
    }
  }
  Json points = Json::array();
  for (const auto& [start, each] : periods) {
    points.push_back({{"Timestamp", wire_time(start)},
                      {"SampleCount", each.samples},
                      {"Sum", each.sum},
                      {"Average", each.sum / each.samples},
                      {"Minimum", each.least},
                      {"Maximum", each.most},
                      {"Unit", "None"}});
  }
  return ApiAnswer{{{"Label", key.name}, {"Datapoints", std::move(points)}}, {}, {}};
}

ApiOutcome MetricStore::list(const ApiCall& call) const {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  const std::string name_space = args.text_or("Namespace", {});
  const std::string name = args.text_or("MetricName", {});
  std::vector<std::string> positions;
  std::vector<const Key*> matching;
  for (const auto& [key, values] : metrics_) {
    if ((!name_space.empty() && key.name_space != name_space) ||
        (!name.empty() && key.name != name)) {
      continue;
    }
    matching.push_back(&key);
    positions.push_back(fmt::format("{:09}", matching.size()));
  }
  auto page = take_page(args, positions, {.size_member = "", .size_default = 500, .size_max = 500});
  if (auto* error = std::get_if<ApiError>(&page)) return std::move(*error);
  const Page& shown = std::get<Page>(page);
  Json metrics = Json::array();
  for (std::size_t i = shown.begin; i < shown.end; ++i) {
    metrics.push_back({{"Namespace", matching[i]->name_space},
                       {"MetricName", matching[i]->name},
                       {"Dimensions", describe(matching[i]->dimensions)}});
  }
  Json result = {{"Metrics", std::move(metrics)}};
  if (!shown.next_token.empty()) result["NextToken"] = shown.next_token;
  return ApiAnswer{std::move(result), {}, {}};
}

}  // namespace sim
