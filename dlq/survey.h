// Looking without changing: which dead-letter queues there are, and what is in one. Everything that
// was received is given back at once at the end.
#pragma once

#include "dlq/filter.h"
#include "dlq/stop.h"
#include "dlq/walk.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dlq {

struct SurveyedQueue {
  std::string name;
  base::QueueUrl url;
  std::string arn;
  Walk::Depth depth;
  std::vector<std::string> sources;  // queues whose redrive policies name it
  std::string own_letters;           // it has a redrive policy itself: looking spends receives
  // Of a sample.
  std::size_t sampled = 0;
  std::map<std::string, std::size_t> by_kind;
  std::optional<base::TimePoint> oldest;
  std::optional<base::Error> error;  // why it was not sampled
};

// Every queue that a redrive policy names and whose name begins with `prefix`, sorted by name;
// `sample` letters of each are looked at (0: none).
boost::asio::awaitable<base::Result<std::vector<SurveyedQueue>>> survey(Context context,
                                                                        std::string prefix,
                                                                        std::size_t sample,
                                                                        const Stop& stop);

// One queue's description, without a sample; `queue` is a name, a URL or an ARN.
boost::asio::awaitable<base::Result<SurveyedQueue>> describe_queue(Context context,
                                                                   std::string queue);

struct VisitOptions {
  base::QueueUrl queue;
  Filter filter;
  std::size_t max = 0;       // letters given to `visit`; 0: no limit
  std::size_t look_max = 0;  // letters looked at; 0: no limit
  base::Duration visibility = std::chrono::minutes(2);
  bool every_attribute = false;
};
struct Visited {
  std::size_t looked_at = 0;
  std::size_t matched = 0;
  std::size_t not_returned = 0;
  Unseen unseen;
};
// Calls `visit` for each letter that the filter means; false or an error from it ends the walk.
using Visit = std::function<base::Result<bool>(const aws::SqsMessage&, const Letter&)>;
boost::asio::awaitable<base::Result<Visited>> visit_letters(Context context, VisitOptions options,
                                                            Visit visit, const Stop& stop);

}  // namespace dlq
