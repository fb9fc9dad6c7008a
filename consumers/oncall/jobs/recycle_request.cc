#include "consumers/oncall/jobs/recycle_request.h"

#include "messages/decode.h"

#include <utility>

namespace consumers::oncall {

boost::asio::awaitable<base::Result<std::string>> send_recycle_request(
    aws::Sqs& sqs, base::Clock& clock, std::string queue, messages::RecycleRequest recycle,
    Request request) {
  aws::SendOptions send;
  send.queue = base::QueueUrl(queue);
  if (queue.find("://") == std::string::npos) {
    auto url = co_await sqs.get_queue_url(queue);
    if (!url) co_return url.error().while_doing("finding queue " + queue);
    send.queue = std::move(*url);
  }
  send.body = messages::encode_recycle_request(recycle, request.request_id, clock.now(),
                                               request.requested_by);
  auto sent = co_await sqs.send_message(std::move(send));
  if (!sent) co_return sent.error().while_doing("sending to queue " + queue);
  co_return sent;
}

}  // namespace consumers::oncall
