#include "tests/recycle_proof/wire_http.h"

#include "aws/error.h"
#include "sim/protocol.h"
#include "sim/trail.h"

namespace proof {

boost::asio::awaitable<base::Result<base::HttpResponse>> WireHttp::send(base::HttpRequest request,
                                                                        aws::HttpOptions) {
  const auto path = request.url.find('/', request.url.find("://") + 3);
  base::HttpRequest served = request;
  served.url = path == std::string::npos ? "/" : request.url.substr(path);
  const sim::ApiCall call = sim::decode_request(served, "autoscaling", sim::Wire::kQuery).call;
  const bool mutation = sim::Trail::is_mutation(call.operation);
  co_await line_.enter(call.operation);
  if (mutation && line_.exchange().before_mutation) {
    line_.exchange().before_mutation(line_.worker(), call);
  }
  base::HttpResponse response = co_await region_.handle(std::move(request));
  std::optional<base::Error> error;
  if (response.status >= 300) error = aws::error_from_response("autoscaling", response);
  if (response.status == 0) {
    error = base::Error{base::ErrorKind::kRetry, "NetworkError", "the answer was lost", {}};
  }
  co_await line_.leave(call.operation, mutation ? &call : nullptr, error);
  if (response.status == 0) co_return *error;
  co_return response;
}

}  // namespace proof
