#include "consumers/idempotency/answer.h"

#include <gtest/gtest.h>

namespace consumers::idempotency {
namespace {

TEST(Answer, OfAnotherFormIsPoison) {
  for (const char* answer :
       {"", "{}", "[]", R"({"verdict":"done"})", R"({"verdict":"maybe","outgoing":[]})"}) {
    const Verdict verdict = decode_answer(answer);
    ASSERT_TRUE(std::holds_alternative<Poison>(verdict)) << answer;
    EXPECT_TRUE(std::get<Poison>(verdict).reason.starts_with("done before, but")) << answer;
  }
}

TEST(Answer, ThatIsNotUtf8IsRefused) { EXPECT_FALSE(encode_answer(Done{"\xFF", {}}).has_value()); }

}  // namespace
}  // namespace consumers::idempotency
