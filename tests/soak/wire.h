// Wire: reads what one worker sends and what reaches it, tells the Oracle, and counts.
#pragma once

#include "tests/soak/oracle.h"
#include "tests/support/hostile_http.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace soak {

struct Traffic {
  std::map<std::string, std::uint64_t> requests;  // by operation
  std::map<std::string, std::uint64_t> outcomes;  // by operation and code
  std::uint64_t extended = 0;                     // entries of requests that only extend or hide
  std::uint64_t failed_in_a_second_max = 0;       // of one worker

  std::uint64_t total() const;
  std::uint64_t of(const std::string& operation) const;
};

class Wire final : public test::HostileHttp::Tap {
 public:
  Wire(int worker, Oracle& oracle, Traffic& traffic, base::Clock& clock)
      : worker_(worker), oracle_(oracle), traffic_(traffic), clock_(clock) {}

  void on_request(std::uint64_t number, const base::HttpRequest& request) override;
  void on_answer(std::uint64_t number, const test::HostileHttp::Answer& answer) override;

 private:
  struct Entry {
    std::string id;
    std::string handle;
    base::Duration visibility{0};
  };
  struct Request {
    std::string operation;
    base::SteadyPoint sent{};
    base::Duration visibility{0};  // of a receive
    std::vector<Entry> entries;
  };

  void count(const std::string& operation, const test::HostileHttp::Answer& answer);
  void on_messages(const Request& request, const std::string& body);
  void on_entries(const Request& request, const test::HostileHttp::Answer& answer);

  int worker_;
  Oracle& oracle_;
  Traffic& traffic_;
  base::Clock& clock_;
  std::map<std::uint64_t, Request> requests_;  // under way
  std::int64_t second_ = 0;
  std::uint64_t failed_ = 0;  // in that second
};

}  // namespace soak
