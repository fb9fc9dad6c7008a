#include "consumers/recycle/history.h"

#include "consumers/recycle/journal.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace consumers::recycle {

namespace {

using Json = nlohmann::json;

constexpr int kPagesMax = 200;                // of each kind of event: 10,000 events
constexpr base::Duration kBetweenPages{550};  // AWS allows two calls a second
constexpr std::size_t kTagsMax = 1'000;       // of one call

std::string text_of(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

// Tags by group; of a call that was refused, or of something else: none.
std::map<std::string, std::map<std::string, std::string>> tags_in(const Json& record) {
  std::map<std::string, std::map<std::string, std::string>> groups;
  if (!record.is_object() || record.contains("errorCode")) return groups;
  const auto parameters = record.find("requestParameters");
  if (parameters == record.end() || !parameters->is_object()) return groups;
  const auto tags = parameters->find("tags");
  if (tags == parameters->end() || !tags->is_array() || tags->size() > kTagsMax) return groups;
  for (const Json& tag : *tags) {
    if (!tag.is_object() || !text_of(tag, "key").starts_with(kJournalPrefix)) continue;
    groups[text_of(tag, "resourceId")][text_of(tag, "key")] = text_of(tag, "value");
  }
  return groups;
}

std::string actor_of(const Json& record, const std::string& user) {
  const auto identity = record.find("userIdentity");
  const std::string arn =
      identity != record.end() && identity->is_object() ? text_of(*identity, "arn") : "";
  return arn.empty() ? user : arn;
}

class Story {
 public:
  void written(const std::string& group, const Journal& journal, const std::string& by) {
    PastRun& run = run_of(group, journal.run_id);
    if (run.run_id.empty()) {
      run.group = group;
      run.run_id = journal.run_id;
      run.by = by;
    }
    run.started_at = journal.started_at;
    run.strategy = to_string(journal.strategy);
    run.target = journal.target;
    run.phase = to_string(journal.phase);
    if (!journal.failure.empty()) run.failure = journal.failure;
    run.cancelled = run.cancelled || journal.cancelled;
    last_of_[group] = journal.run_id;
  }
  void removed(const std::string& group, base::TimePoint at) {
    const auto last = last_of_.find(group);
    if (last != last_of_.end()) run_of(group, last->second).ended_at = at;
  }
  std::vector<PastRun> runs() && {
    std::vector<PastRun> all;
    for (auto& [key, run] : runs_) all.push_back(std::move(run));
    std::ranges::sort(all, std::ranges::greater(), &PastRun::started_at);
    return all;
  }

 private:
  PastRun& run_of(const std::string& group, const std::string& id) { return runs_[{group, id}]; }

  std::map<std::pair<std::string, std::string>, PastRun> runs_;
  std::map<std::string, std::string> last_of_;  // the run whose journal was on the group last
};

}  // namespace

std::string PastRun::result() const {
  if (!ended_at) return "not ended";
  if (cancelled) return "cancelled";
  return failure.empty() ? "done" : "failed";
}

std::vector<PastRun> past_runs(std::vector<aws::TrailEvent> events, const std::string& group) {
  std::ranges::stable_sort(events, {}, &aws::TrailEvent::time);
  Story story;
  for (const aws::TrailEvent& event : events) {
    const Json record = Json::parse(event.record, nullptr, false);
    for (const auto& [name, tags] : tags_in(record)) {
      if (name.empty() || (!group.empty() && name != group)) continue;
      if (event.name == "DeleteTags") {
        // Of a journal that became shorter only later parts are removed.
        if (tags.contains(std::string(kJournalPrefix))) story.removed(name, event.time);
        continue;
      }
      const auto journal = journal_from_tags(tags);
      if (journal && *journal) story.written(name, **journal, actor_of(record, event.user));
    }
  }
  return std::move(story).runs();
}

boost::asio::awaitable<base::Result<TrailEvents>> read_tag_events(aws::CloudTrail& trail,
                                                                  base::Clock& clock,
                                                                  base::TimePoint from) {
  TrailEvents found;
  bool first = true;
  const base::TimePoint to = clock.now();
  for (const char* name : {"CreateOrUpdateTags", "DeleteTags"}) {
    aws::LookupOptions options{name, from, to, {}};
    for (int page = 0;; ++page) {
      if (page == kPagesMax) {
        found.complete = false;
        break;
      }
      if (!std::exchange(first, false)) co_await clock.sleep_for(kBetweenPages);
      auto answer = co_await trail.lookup_events(options);
      if (!answer) co_return answer.error().while_doing("reading the trail");
      for (aws::TrailEvent& event : answer->events) {
        if (event.record.find(kJournalPrefix) != std::string::npos) {
          found.events.push_back(std::move(event));
        }
      }
      if (answer->next_token.empty()) break;
      options.next_token = answer->next_token;
    }
  }
  co_return found;
}

}  // namespace consumers::recycle
