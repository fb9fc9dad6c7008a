#include "worker/dead_letter_watch.h"

#include "aws/s3.h"
#include "tests/support/canned_aws.h"
#include "worker/large_payload.h"
#include "worker/metrics.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

namespace worker {
namespace {

using namespace std::chrono_literals;

TEST(DeadLetterWatch, CountsOnceAMinuteAndKeepsTheLastValueWhereItCannot) {
  test::CannedAws aws;
  aws::Sqs sqs(aws.caller);
  aws::S3 s3(aws.caller);
  Metrics metrics;
  LargePayloads payloads(s3, aws.random, {});
  Context context{aws.loop.executor(), aws.loop.clock(), aws.random, sqs, sqs, metrics, payloads};
  aws.http.answer("GetQueueAttributes", R"({"Attributes":{"ApproximateNumberOfMessages":"7",
      "ApproximateNumberOfMessagesNotVisible":"2"}})");
  aws.http.answer("GetQueueAttributes", R"({"__type":"AccessDenied"})", 403);

  boost::asio::cancellation_signal end;
  bool ended = false;
  boost::asio::co_spawn(
      aws.loop.executor(), watch_dead_letters(context, {{"events", base::QueueUrl("http://q")}}),
      boost::asio::bind_cancellation_slot(end.slot(), [&](std::exception_ptr) { ended = true; }));
  aws.loop.run_for(59s);
  EXPECT_EQ(aws.http.requests.size(), 0U);
  for (int minute = 1; minute <= 3; ++minute) {
    aws.loop.run_for(1min);
    EXPECT_NE(metrics.text().find("autorecycle_dead_letters{queue=\"events\"} 9"),
              std::string::npos)
        << metrics.text();
  }
  EXPECT_EQ(aws.http.requests.size(), 3U);
  end.emit(boost::asio::cancellation_type::terminal);
  aws.loop.run_for(1s);
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace worker
