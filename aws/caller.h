// Caller: one AWS API call, whole: endpoint, credentials, signature, HTTP, error table, retries.
// Every service client (aws/sqs.h, aws/autoscaling.h, ...) goes through it.
#pragma once

#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "aws/http_client.h"
#include "aws/retry.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

#include <boost/asio/awaitable.hpp>

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace aws {

struct ApiRequest {
  std::string service;    // endpoint and signing name: "sqs", "autoscaling", "ec2",
                          // "elasticloadbalancing" (classic), "elasticloadbalancingv2", "sts",
                          // "states", "dynamodb", "s3"
  std::string operation;  // AWS's name: "ReceiveMessage"
  std::string method = "POST";
  std::string path = "/";             // encoded, with the query if there is one
  std::string host_prefix;            // put before AWS's own host name: "bucket."
  std::string content_type;           // empty: no such header
  std::vector<base::Header> headers;  // beyond content-type: x-amz-target
  std::string body;
  base::Duration timeout{15'000};
  bool idempotent = true;  // false: fresh connection, and not retried after the bytes may have left
  // False: over a kept connection, but not retried after the bytes may have left, for those who
  // count themselves what may have been done twice.
  bool repeat_when_unsure = true;
  // For calls that are made in an endless loop (ReceiveMessage): when the retry quota is empty the
  // back-off is slept before the error is returned, so that the loop slows down by itself.
  bool long_poll = false;
  // An error code that is one of the operation's answers ("ConditionalCheckFailedException"): its
  // response is returned whole instead of an error. Empty: none.
  std::string answer_code;
  bool response_headers = true;  // false: nobody reads those of a success, they need not be kept
};

// What an observer is told of every attempt, for metrics; valid during the call.
struct RequestReport {
  std::string_view service;
  std::string_view operation;
  std::string_view code;  // "ok", an AWS code or a transport code (bounded by the receiver)
  base::Duration took{0};
  std::size_t bytes_sent = 0;      // of the bodies
  std::size_t bytes_received = 0;  // of a success
};
using RequestObserver = std::function<void(const RequestReport&)>;

class Caller {
 public:
  // References outlive the Caller; one Caller per thread.
  Caller(HttpClient& http, CredentialsProvider& credentials, base::Clock& clock,
         base::Random& random, EndpointConfig endpoints, RetryPolicy retry = {},
         RequestObserver observer = {});

  // The successful answer's HTTP response (2xx, or the request's answer_code), or the error of the
  // last attempt with AWS's code, message and request id, its kind from the table in aws/error.h.
  boost::asio::awaitable<base::Result<base::HttpResponse>> call(ApiRequest request);

  const RetryQuota& quota() const { return quota_; }
  // AWS's clock minus ours, learnt from signatures that were refused.
  base::Duration clock_offset() const { return clock_offset_; }
  const EndpointConfig& endpoints() const { return endpoints_; }
  base::Clock& clock() { return clock_; }
  base::Random& random() { return random_; }

 private:
  struct Attempt;
  struct Target {  // of one service
    std::string service;
    std::string endpoint;
    SigningScope scope;
  };

  base::Result<const Target*> target(const std::string& service);

  boost::asio::awaitable<base::Result<base::HttpResponse>> attempt_once(const ApiRequest& request,
                                                                        Attempt& attempt);
  bool correct_clock(const base::Error& error, const Attempt& attempt);
  bool renew_credentials(const base::Error& error, const Attempt& attempt);
  void report(const ApiRequest& request, const base::Result<base::HttpResponse>& outcome,
              base::SteadyPoint started) const;
  base::Duration delay_before_retry(const base::Error& error, const Attempt& attempt);

  HttpClient& http_;
  CredentialsProvider& credentials_;
  base::Clock& clock_;
  base::Random& random_;
  EndpointConfig endpoints_;
  RetryPolicy retry_policy_;
  RetryQuota quota_;
  RequestObserver observer_;
  std::deque<Target> targets_;  // those called so far
  SigningKeys signing_keys_;
  base::Duration clock_offset_{0};
};

}  // namespace aws
