// InstanceHttp: what answers HTTP on the simulated instances, for health checks of a client in the
// same process. It is asked by private address; every other address is a refused connection and is
// kept in strangers(), so that a test can prove that nobody else was contacted.
#pragma once

#include "base/http.h"
#include "sim/ec2_service.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <vector>

namespace sim {

class InstanceHttp {
 public:
  // Status 0: the connection is closed without an answer.
  using Answer =
      std::function<boost::asio::awaitable<base::HttpResponse>(Ec2Instance, base::HttpRequest)>;

  // `ec2` outlives it.
  explicit InstanceHttp(const Ec2Service& ec2) : ec2_(ec2) {}

  // From now on; without a script a running instance answers 200.
  void script(Answer answer) { answer_ = std::move(answer); }
  boost::asio::awaitable<base::HttpResponse> handle(base::HttpRequest request);

  const std::vector<std::string>& asked() const { return asked_; }          // ids, in order
  const std::vector<std::string>& strangers() const { return strangers_; }  // URLs

 private:
  const Ec2Service& ec2_;
  Answer answer_;
  std::vector<std::string> asked_;
  std::vector<std::string> strangers_;
};

}  // namespace sim
