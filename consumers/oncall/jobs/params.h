// Reading a job's parameters, which were checked against its schema, and writing its answers.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "consumers/oncall/job.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace consumers::oncall {

using Json = nlohmann::ordered_json;  // answers keep the order in which they are written

class Params {
 public:
  explicit Params(const std::string& text) : json_(Json::parse(text, nullptr, false)) {}

  // What is absent reads as the fallback.
  std::string text(const char* name, std::string fallback = {}) const;
  std::int64_t number(const char* name, std::int64_t fallback = 0) const;
  bool flag(const char* name, bool fallback = false) const;
  std::vector<std::string> texts(const char* name) const;
  std::vector<Json> objects(const char* name) const;
  bool has(const char* name) const;

 private:
  const Json* find(const char* name) const;
  Json json_;
};

// The period that `from` and `to`, else `since`, name: RFC 3339 times, and "90s", "15m", "2h", "7d"
// before now. Errors name the parameter.
struct TimeRange {
  base::TimePoint from;
  base::TimePoint to;
};
base::Result<TimeRange> time_range_of(const Params& params, base::TimePoint now);
// The properties of that period, for a params_schema; "1h" is the default.
inline constexpr const char* kTimeRangeProperties =
    R"json("since": {"type": "string", "pattern": "^[0-9]{1,5}[smhd]$", "default": "1h",
    "description": "How far back: 90s, 15m, 2h, 7d"},
  "from": {"type": "string", "maxLength": 40,
    "description": "Instead: from this time on, as 2026-01-02T03:04:05Z"},
  "to": {"type": "string", "maxLength": 40, "description": "Until this time; now, if not )json"
    R"json(said"})json";

std::string dump(const Json& json);
Answer done(const Json& body);
// A body that says what happened although it failed.
Answer failed_with(int status_code, const Json& body);
// "Error restarting service: <reason>"
Answer failed(int status_code, std::string_view doing, std::string_view reason);

// Text for a body: valid UTF-8, at most so many bytes, with "..." where it was cut.
std::string cut(std::string_view text, std::size_t bytes_max);
Json time_or_null(std::optional<base::TimePoint> time);
std::string in_words(base::Duration duration);  // "1m30s"

}  // namespace consumers::oncall
