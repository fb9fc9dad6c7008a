// OncallLetters: the look into a dead-letter queue behind the job debug-queue.
#pragma once

#include "consumers/oncall/jobs/letters.h"
#include "dlq/stop.h"
#include "dlq/walk.h"

#include <string>

namespace worker {

class OncallLetters final : public consumers::oncall::LetterSample {
 public:
  static constexpr std::size_t kReasonsMax = 20;  // the commonest

  // References in `context` outlive it.
  explicit OncallLetters(dlq::Context context) : context_(context) {}

  boost::asio::awaitable<base::Result<consumers::oncall::LetterReasons>> look(
      std::string queue, std::size_t most) override;

 private:
  dlq::Context context_;
  dlq::Stop never_;
};

}  // namespace worker
