#include "sim/instance_http.h"

namespace sim {
namespace {

// "10.0.0.4" of "http://10.0.0.4:8080/health".
std::string host_of(const std::string& url) {
  const auto scheme = url.find("://");
  const auto from = scheme == std::string::npos ? 0 : scheme + 3;
  return url.substr(from, url.find_first_of(":/?", from) - from);
}

}  // namespace

boost::asio::awaitable<base::HttpResponse> InstanceHttp::handle(base::HttpRequest request) {
  // A server sees "/path" and a Host header; scripts and strangers() get the whole.
  if (request.url.starts_with('/')) {
    const auto host = base::find_header(request.headers, "Host").value_or("");
    request.url = "http://" + std::string(host) + request.url;
  }
  const Ec2Instance* instance = ec2_.find_by_address(host_of(request.url));
  if (instance == nullptr) {
    strangers_.push_back(request.url);
    co_return base::HttpResponse{};
  }
  asked_.push_back(instance->id);
  if (instance->state != "running") co_return base::HttpResponse{};
  if (!answer_) co_return base::HttpResponse{200, {}, "ok"};
  co_return co_await answer_(*instance, std::move(request));
}

}  // namespace sim
