#include "dlq/checkpoint.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace dlq {
namespace {

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() : path_(fmt::format("{}/c-{}.checkpoint", testing::TempDir(), ::getpid())) {
    std::filesystem::remove(path_);
    state_.run = "run-1";
    state_.queue = "http://q";
    state_.started = base::parse_rfc3339("2026-01-02T03:04:05Z").value();
  }
  ~CheckpointTest() override { std::filesystem::remove(path_); }

  std::string text() const {
    std::ostringstream all;
    all << std::ifstream(path_).rdbuf();
    return all.str();
  }
  static LetterId id(int number) { return letter_id("message-" + std::to_string(number)); }

  std::string path_;
  ReplayState state_;
};

TEST_F(CheckpointTest, KnowsWhatWasSentAndWhatNobodyKnows) {
  {
    auto checkpoint = Checkpoint::create(path_, state_).value();
    ASSERT_TRUE(checkpoint->about_to_send({id(0), id(1), id(2)}));
    ASSERT_TRUE(checkpoint->sent({0, 2}));
    ASSERT_TRUE(checkpoint->round_ended());  // 1 was refused: known not to be sent
    ASSERT_TRUE(checkpoint->about_to_send({id(3), id(4), id(5)}));
    ASSERT_TRUE(checkpoint->unsure({2}));
    ASSERT_TRUE(checkpoint->sent({1}));
  }
  auto again = Checkpoint::resume(path_).value();
  const ReplayState& state = again->state();
  EXPECT_EQ(state.run, "run-1");
  EXPECT_EQ(state.queue, "http://q");
  EXPECT_EQ(state.started, state_.started);
  EXPECT_EQ(state.sent, (LetterIds{id(0), id(2), id(4)}));
  EXPECT_EQ(state.uncertain, (LetterIds{id(3), id(5)}));
  EXPECT_EQ(state.possibly_twice, 1U);
}

TEST_F(CheckpointTest, StillDoesNotKnowAfterASecondCrash) {
  {
    auto checkpoint = Checkpoint::create(path_, state_).value();
    ASSERT_TRUE(checkpoint->about_to_send({id(0), id(1)}));
  }
  {
    auto checkpoint = Checkpoint::resume(path_).value();
    ASSERT_TRUE(checkpoint->about_to_send({id(1), id(2)}));
    ASSERT_TRUE(checkpoint->sent({0}));
  }
  const auto again = Checkpoint::resume(path_).value();
  EXPECT_EQ(again->state().uncertain, (LetterIds{id(0), id(2)}));
}

TEST_F(CheckpointTest, ACutLastLineIsTakenOffAtEveryByte) {
  {
    auto checkpoint = Checkpoint::create(path_, state_).value();
    ASSERT_TRUE(checkpoint->about_to_send({id(0)}));
    ASSERT_TRUE(checkpoint->sent({0}));
    ASSERT_TRUE(checkpoint->round_ended());
  }
  const std::string whole = text();
  const auto head = whole.find('\n') + 1;
  for (std::size_t length = head; length <= whole.size(); ++length) {
    std::ofstream(path_, std::ios::trunc) << whole.substr(0, length);
    auto checkpoint = Checkpoint::resume(path_);
    ASSERT_TRUE(checkpoint) << checkpoint.error().to_string() << " at " << length;
    ASSERT_TRUE((*checkpoint)->about_to_send({id(9)}));
    checkpoint.value().reset();
    EXPECT_TRUE(read_checkpoint(text())) << "what follows is readable at " << length;
  }
}

TEST_F(CheckpointTest, RefusesWhatIsNoneWithTheLineAndWhatWasExpected) {
  const std::string head =
      R"({"autorecycle_replay":1,"run":"r","queue":"q","started":"2026-01-02T03:04:05Z"})";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "line 1"},
      {"hello\n", "line 1"},
      {"{\"autorecycle_replay\":2}\n", "format 1"},
      {head + "\nx\n", "line 2"},
      {head + "\n? 12\n", "32 digits"},
      {head + "\n= 0\n", "positions"},
      {head + "\n? " + to_hex(id(1)) + "\n= 1\n", "line 3"}};
  for (const auto& [content, expected] : cases) {
    const auto read = read_checkpoint(content);
    ASSERT_FALSE(read) << content;
    EXPECT_NE(read.error().message.find(expected), std::string::npos) << read.error().message;
  }
}

TEST_F(CheckpointTest, IsNotMadeOverAnUnfinishedOneAndNotUsedByTwo) {
  auto first = Checkpoint::create(path_, state_).value();
  const auto second = Checkpoint::create(path_, state_);
  EXPECT_NE(second.error().message.find("--resume"), std::string::npos);
  EXPECT_NE(Checkpoint::must_be_new(path_).error().message.find("--resume"), std::string::npos);
  const auto same = Checkpoint::resume(path_);
  EXPECT_NE(same.error().message.find("another replay"), std::string::npos);
  first->finished();
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(Checkpoint::must_be_new(path_));
}

TEST_F(CheckpointTest, AFullDiskIsAClearErrorAndLeavesNoHalfLine) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto checkpoint = Checkpoint::create(path_, state_).value();
  const std::string whole = text();
  const rlimit small{whole.size() + 20, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto noted = checkpoint->about_to_send({id(0), id(1)});
  ::setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(noted);
  EXPECT_EQ(noted.error().code, "CheckpointFailed");
  EXPECT_NE(noted.error().message.find(path_), std::string::npos);
  EXPECT_EQ(text(), whole);
}

TEST_F(CheckpointTest, IdsAreTheUuidOrADigestOfWhateverElse) {
  EXPECT_EQ(to_hex(letter_id("7d8aa2a5-1ad7-4e5a-9f6b-0d2c0b1a2f3e")),
            "7d8aa2a51ad74e5a9f6b0d2c0b1a2f3e");
  EXPECT_EQ(to_hex(letter_id("abc")), "ba7816bf8f01cfea414140de5dae2223");
  EXPECT_EQ(letter_id_of_hex(to_hex(letter_id("abc"))), letter_id("abc"));
  EXPECT_FALSE(letter_id_of_hex("7D"));
}

}  // namespace
}  // namespace dlq
