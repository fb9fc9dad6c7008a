// SnsService: topics that keep what was published to them, for clients that publish.
// https://docs.aws.amazon.com/sns/latest/api/
#pragma once

#include "sim/service.h"
#include "sim/world.h"

#include <deque>
#include <map>
#include <string>

namespace sim {

class SnsService final : public Service {
 public:
  struct Message {
    std::string id;
    std::string subject;
    std::string body;
    std::map<std::string, std::string> attributes;
    base::TimePoint published;
  };
  static constexpr std::size_t kKept = 10'000;  // of a topic: the last ones

  explicit SnsService(World& world) : world_(world) {}
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

  // For tests. The topic's ARN; creates it if there is none.
  std::string create_topic(const std::string& name);
  const std::deque<Message>& messages(const std::string& topic_arn);

 private:
  ApiOutcome create(const ApiCall& call);
  ApiOutcome remove(const ApiCall& call);
  ApiOutcome list(const ApiCall& call);
  ApiOutcome publish(const ApiCall& call);

  World& world_;
  std::map<std::string, std::deque<Message>> topics_;  // by ARN
};

}  // namespace sim
