// What one message costs the client: ten received and deleted at a time through Caller and Sqs,
// beside a bare libcurl loop that signs the same requests and parses nothing.
//   autorecycle-hot-path [ours|bare|both] [pairs] [concurrency] [rounds]
#include "aws/curl_http_client.h"
#include "aws/sqs.h"
#include "bench/micro/bare_loop.h"
#include "bench/micro/canned_server.h"
#include "bench/micro/samples.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace {

namespace asio = boost::asio;

constexpr double kMessagesPerPair = 10;

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

asio::awaitable<void> consume(aws::Sqs& sqs, std::size_t& left) {
  const base::QueueUrl queue = bench::queue_url();
  while (left > 0) {
    --left;
    auto messages = co_await sqs.receive_message(queue, {});
    if (!messages) throw std::runtime_error(messages.error().to_string());
    std::vector<base::ReceiptHandle> handles;
    for (aws::SqsMessage& message : *messages) {
      handles.push_back(std::move(message.receipt_handle));
    }
    const auto deleted = co_await sqs.delete_message_batch(queue, std::move(handles));
    if (!deleted) throw std::runtime_error(deleted.error().to_string());
  }
}

void run_ours(const std::string& url, std::size_t pairs, std::size_t concurrency) {
  asio::io_context io{1};
  base::RealClock clock;
  base::Random random{7};
  aws::StaticCredentials credentials{
      {.access_key_id = "AKIDEXAMPLE",
       .secret_access_key = base::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
       .session_token = {},
       .expiration = {},
       .source = "benchmark"}};
  auto http = aws::CurlHttpClient::create(io.get_executor()).value();
  aws::Caller caller(*http, credentials, clock, random, {base::Region("eu-west-2"), url, {}});
  aws::Sqs sqs(caller);
  std::size_t left = pairs;
  std::size_t running = concurrency;
  for (std::size_t i = 0; i < concurrency; ++i) {
    asio::co_spawn(io, consume(sqs, left), [&](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
      --running;
    });
  }
  while (running > 0 && io.run_one() > 0) {
  }
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view which = argc > 1 ? argv[1] : "both";
  const auto number = [&](int index, std::size_t fallback) {
    return argc > index ? static_cast<std::size_t>(std::atoll(argv[index])) : fallback;
  };
  const std::size_t pairs = number(2, 5'000);
  const std::size_t concurrency = number(3, 16);
  const std::size_t rounds = number(4, 5);

  const bench::CannedServer server(bench::recycle_request());
  const auto cost = [&](const std::function<void(std::size_t)>& run) {
    const double before = cpu_seconds();
    run(pairs);
    return (cpu_seconds() - before) * 1e6 / (static_cast<double>(pairs) * kMessagesPerPair);
  };
  std::vector<double> ours;
  std::vector<double> bare;
  for (std::size_t i = 0; i < rounds; ++i) {
    if (which != "ours") {
      bare.push_back(
          cost([&](std::size_t n) { bench::run_bare_loop(server.url(), n, concurrency); }));
    }
    if (which != "bare") {
      ours.push_back(cost([&](std::size_t n) { run_ours(server.url(), n, concurrency); }));
    }
  }
  if (!bare.empty()) fmt::print("bare libcurl loop  {:6.2f} us per message\n", median(bare));
  if (!ours.empty()) fmt::print("ours               {:6.2f} us per message\n", median(ours));
  if (!bare.empty() && !ours.empty()) fmt::print("ratio {:.2f}\n", median(ours) / median(bare));
  return 0;
}
