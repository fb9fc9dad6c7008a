#include "dlq/filter.h"

#include <fmt/format.h>

#include <algorithm>

namespace dlq {
namespace {

bool any_of(const std::vector<std::string>& list, const std::string& value) {
  return list.empty() || std::ranges::find(list, value) != list.end();
}

}  // namespace

base::Result<Filter> Filter::parse(const FilterSpec& spec) {
  Filter filter;
  filter.spec_ = spec;
  for (std::string& source : filter.spec_.sources) source = queue_name(source);
  if (!spec.reason.empty()) {
    auto pattern = parse_pattern(spec.reason);
    if (!pattern) return pattern.error().while_doing("reading the filter on reason");
    filter.reason_ = std::move(*pattern);
  }
  if (!spec.body.empty()) {
    auto pattern = parse_pattern(spec.body);
    if (!pattern) return pattern.error().while_doing("reading the filter on body");
    filter.body_ = std::move(*pattern);
  }
  for (const std::string& text : spec.attributes) {
    const auto at = text.find_first_of("=~");
    Attribute attribute{text.substr(0, at), {}, {}};
    if (attribute.name.empty()) {
      return base::invalid(fmt::format(
          "reading the filter on attribute: \"{}\": expected name, name=value or name~pattern",
          text.substr(0, 100)));
    }
    if (at != std::string::npos && text[at] == '=') attribute.value = text.substr(at + 1);
    if (at != std::string::npos && text[at] == '~') {
      auto pattern = parse_pattern(text.substr(at + 1));
      if (!pattern) return pattern.error().while_doing("reading the filter on attribute");
      attribute.pattern = std::move(*pattern);
    }
    filter.attributes_.push_back(std::move(attribute));
  }
  for (const std::string& text : spec.where) {
    auto condition = JsonCondition::parse(text);
    if (!condition) return condition.error().while_doing("reading the filter on where");
    filter.where_.push_back(std::move(*condition));
  }
  if (spec.receives_min && spec.receives_max && *spec.receives_min > *spec.receives_max) {
    return base::invalid(fmt::format("reading the filter on receives: at least {} and at most {}",
                                     *spec.receives_min, *spec.receives_max));
  }
  filter.everything_ = spec.ids.empty() && spec.error_kinds.empty() && spec.sources.empty() &&
                       spec.groups.empty() && spec.attributes.empty() && spec.where.empty() &&
                       spec.reason.empty() && spec.body.empty() && !spec.older_than &&
                       !spec.newer_than && !spec.receives_min && !spec.receives_max;
  return filter;
}

bool Filter::takes(const aws::SqsMessage& message, const Letter& letter,
                   base::TimePoint now) const {
  if (everything_) return true;
  const messages::DeadLetterRecord& record = letter.record;
  if (!any_of(spec_.ids, message.message_id) && !any_of(spec_.ids, record.message_id)) return false;
  if (!any_of(spec_.error_kinds, record.error_kind)) return false;
  if (!any_of(spec_.sources, record.source_queue)) return false;
  if (!any_of(spec_.groups, message.group_id)) return false;
  const auto age = now - record.first_seen;
  if (spec_.older_than && age < *spec_.older_than) return false;
  if (spec_.newer_than && age > *spec_.newer_than) return false;
  if (spec_.receives_min && message.receive_count < *spec_.receives_min) return false;
  if (spec_.receives_max && message.receive_count > *spec_.receives_max) return false;
  if (reason_ && !matches(reason_, record.reason)) return false;
  return attributes_match(message) && body_matches(message.body);
}

bool Filter::attributes_match(const aws::SqsMessage& message) const {
  if (attributes_.empty()) return true;
  const aws::MessageAttributes originals = original_attributes(message);
  return std::ranges::all_of(attributes_, [&](const Attribute& wanted) {
    // Ours can be asked for too: autorecycle.attempts=3.
    auto found = originals.find(wanted.name);
    if (found == originals.end()) {
      found = message.attributes.find(wanted.name);
      if (found == message.attributes.end()) return false;
    }
    if (wanted.value) return found->second.value == *wanted.value;
    return !wanted.pattern || matches(wanted.pattern, found->second.value);
  });
}

bool Filter::body_matches(const std::string& body) const {
  if (body_ && !matches(body_, body)) return false;
  if (where_.empty()) return true;
  const auto json = base::JsonDocument::parse(body);
  return json && std::ranges::all_of(where_, [&](const JsonCondition& condition) {
           return condition.holds(json->root());
         });
}

}  // namespace dlq
