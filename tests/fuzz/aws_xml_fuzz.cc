// Whatever a Query service answers, the clients give a value or an error: no crash, no endless
// loop. The first byte chooses the call, the rest is the body of the answer.
#include "aws/autoscaling.h"
#include "aws/ec2.h"
#include "aws/elb.h"
#include "aws/sts.h"
#include "sim/virtual_loop.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

namespace {

// The same answer to every call; a next page is given once, for the page limit has its own test.
class FixedHttpClient final : public aws::HttpClient {
 public:
  explicit FixedHttpClient(base::HttpResponse response) : response_(std::move(response)) {}

  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::HttpRequest,
                                                                aws::HttpOptions) override {
    base::HttpResponse answer = response_;
    if (++sent_ > 2) answer.body.clear();
    co_return answer;
  }

 private:
  base::HttpResponse response_;
  int sent_ = 0;
};

template <class T>
void run(sim::VirtualLoop& loop, boost::asio::awaitable<base::Result<T>> call) {
  const base::Result<T> value = loop.run(std::move(call));
  if (!value && (value.error().code.empty() || value.error().message.empty())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  sim::VirtualLoop loop;
  FixedHttpClient http({(data[0] & 0x80U) != 0 ? 400 : 200,
                        {},
                        std::string(reinterpret_cast<const char*>(data) + 1, size - 1)});
  base::Random random(1);
  aws::StaticCredentials credentials({"AKID", base::Secret("s"), base::Secret(), {}, "fuzz"});
  aws::Caller caller(http, credentials, loop.clock(), random,
                     aws::EndpointConfig{base::Region("eu-west-2"), "http://aws.test", {}});
  switch (data[0] & 0x07U) {
    case 0:
      run(loop, aws::AutoScaling(caller).describe_auto_scaling_groups({}));
      break;
    case 1:
      run(loop, aws::AutoScaling(caller).describe_scaling_activities(base::GroupName("g"), 1));
      break;
    case 2:
      run(loop, aws::Ec2(caller).describe_launch_templates({.ids = {"lt-1"}, .names = {}}));
      break;
    case 3:
      run(loop, aws::Ec2(caller).describe_instances({base::InstanceId("i-1")}));
      break;
    case 4:
      run(loop, aws::Elb(caller).describe_target_health("arn"));
      break;
    case 5:
      run(loop, aws::Elb(caller).describe_instance_health("name"));
      break;
    default:
      run(loop, aws::Sts(caller).get_caller_identity());
      break;
  }
  return 0;
}
