// A signature, beside its floor: SHA-256 of the body and one HMAC, by OpenSSL's one-shot calls.
#include "aws/sigv4.h"
#include "bench/micro/allocations.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace {

constexpr std::int64_t kReceiveBytes = 300;   // a ReceiveMessage request
constexpr std::int64_t kDeleteBytes = 4'600;  // a DeleteMessageBatch request of ten

base::HttpRequest request_of(std::size_t bytes) {
  base::HttpRequest request;
  request.method = "POST";
  request.url = "https://sqs.eu-west-2.amazonaws.com/";
  request.headers = {{"X-Amz-Target", "AmazonSQS.ReceiveMessage"},
                     {"Content-Type", "application/x-amz-json-1.0"},
                     {"User-Agent", "autorecycle"},
                     {"amz-sdk-invocation-id", "6c1f4f0e-52a3-4ad4-8b4c-2f5a0a1b6c11"},
                     {"amz-sdk-request", "attempt=1; max=3"}};
  request.body.assign(bytes, 'x');
  return request;
}

void sign(benchmark::State& state, const std::string& token) {
  const base::HttpRequest request = request_of(static_cast<std::size_t>(state.range(0)));
  const aws::Credentials credentials{
      .access_key_id = "AKIDEXAMPLE",
      .secret_access_key = base::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
      .session_token = base::Secret(token),
      .expiration = {},
      .source = "benchmark"};
  const aws::SigningScope scope{"eu-west-2", "sqs"};
  const base::TimePoint now{std::chrono::seconds(1'767'323'045)};
  aws::SigningKeys keys;
  aws::SigningOptions options;
  options.keys = &keys;
  bench::measure(state, [&] {
    benchmark::DoNotOptimize(aws::sign(request, credentials, scope, now, options));
  });
}

void sign_long_term(benchmark::State& state) { sign(state, ""); }
void sign_with_token(benchmark::State& state) { sign(state, std::string(900, 't')); }

void openssl_one_shot(benchmark::State& state) {
  const std::string body(static_cast<std::size_t>(state.range(0)), 'x');
  unsigned char digest[32];
  unsigned int size = 0;
  bench::measure(state, [&] {
    EVP_Digest(body.data(), body.size(), digest, &size, EVP_sha256(), nullptr);
    HMAC(EVP_sha256(), digest, sizeof digest, digest, sizeof digest, digest, &size);
    benchmark::DoNotOptimize(digest);
  });
}

BENCHMARK(sign_long_term)->Arg(kReceiveBytes)->Arg(kDeleteBytes);
BENCHMARK(sign_with_token)->Arg(kReceiveBytes)->Arg(kDeleteBytes);
BENCHMARK(openssl_one_shot)->Arg(kReceiveBytes)->Arg(kDeleteBytes);

}  // namespace
