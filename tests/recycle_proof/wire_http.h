// WireHttp: the whole wire (signature, HTTP, Query, XML) between one worker and the region, with
// the same Line on the way: the runs that hold the short cut to the real thing.
#pragma once

#include "aws/http_client.h"
#include "sim/region.h"
#include "tests/recycle_proof/line.h"

namespace proof {

class WireHttp final : public aws::HttpClient {
 public:
  WireHttp(sim::Region& region, Line& line) : region_(region), line_(line) {}
  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::HttpRequest request,
                                                                aws::HttpOptions options) override;

 private:
  sim::Region& region_;
  Line& line_;
};

}  // namespace proof
