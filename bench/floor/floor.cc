// The floor: what receiving and deleting cost at the least on libcurl. LANES loops, each one
// ReceiveMessage of 10, then one DeleteMessageBatch of 10, for ever. It signs; of an answer it
// looks for the receipt handles alone, because a delete needs them. No handler, no retry, no
// deadline, no failed entry is looked at: nobody may work like this, and nobody can be cheaper.
//
//   bench-floor QUEUE_URL [LANES=16] [stamp]
//
// With "stamp" it prints, per message, the nanoseconds from the time written in the body to now.
#include "bench/floor/signed_multi.h"
#include "bench/floor/stamp.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

namespace {

// The request is the project's own, so that the answers weigh the same.
std::string receive_request(const std::string& queue_url) {
  return R"({"QueueUrl":")" + queue_url +
         R"(","MaxNumberOfMessages":10,"WaitTimeSeconds":20,"VisibilityTimeout":60,)"
         R"("AttributeNames":["All"],"MessageSystemAttributeNames":["All"],)"
         R"("MessageAttributeNames":["All"]})";
}

class Floor {
 public:
  Floor(std::string queue_url, bool stamp)
      : queue_url_(std::move(queue_url)), receive_(receive_request(queue_url_)), stamp_(stamp) {}

  void run(int lanes) {
    for (int lane = 0; lane < lanes; ++lane) receive();
    for (;;) multi_.step(1'000);
  }

 private:
  void receive() {
    multi_.post("ReceiveMessage", receive_,
                [this](std::string_view answer) { on_received(answer); });
  }

  void on_received(std::string_view answer) {
    if (stamp_) bench::print_ages(answer);
    const std::string batch = delete_request(answer);
    if (batch.empty()) {
      receive();
      return;
    }
    multi_.post("DeleteMessageBatch", batch, [this](std::string_view) { receive(); });
  }

  // Empty if there is no receipt handle in the answer.
  std::string delete_request(std::string_view answer) const {
    constexpr std::string_view kName = "\"ReceiptHandle\":\"";
    std::string request;
    int entry = 0;
    for (auto at = answer.find(kName); at != std::string_view::npos; at = answer.find(kName, at)) {
      at += kName.size();
      const auto end = answer.find('"', at);
      if (request.empty()) {
        request.reserve(answer.size());
        request.append(R"({"QueueUrl":")").append(queue_url_).append(R"(","Entries":[)");
      } else {
        request.push_back(',');
      }
      request.append(R"({"Id":")").append(std::to_string(entry++)).append(R"(","ReceiptHandle":")");
      request.append(answer.substr(at, end - at)).append("\"}");
      at = end;
    }
    if (!request.empty()) request.append("]}");
    return request;
  }

  bench::SignedMulti multi_;
  std::string queue_url_;
  std::string receive_;
  bool stamp_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "bench-floor QUEUE_URL [LANES] [stamp]\n");
    return 2;
  }
  try {
    const int lanes = argc > 2 ? std::atoi(argv[2]) : 16;
    Floor(argv[1], argc > 3).run(lanes);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench-floor: %s\n", error.what());
    return 1;
  }
}
