// Whatever the bytes, decode answers; it never throws, and its answer holds to the contract.
#include "messages/decode.h"
#include "messages/kinds.h"
#include "tests/messages/examples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace {

using Json = nlohmann::json;

void check_contract(const std::string& body) {
  const auto message = messages::decode(body);
  if (!message) {
    RC_ASSERT(message.error().kind == base::ErrorKind::kInvalid);
    RC_ASSERT(!message.error().message.empty());
    RC_ASSERT(message.error().message.size() < 1000U);
    return;
  }
  const auto& all = messages::kind::kAll;
  RC_ASSERT(std::find(all.begin(), all.end(), message->kind) != all.end());
  RC_ASSERT(!Json::parse(messages::describe(*message), nullptr, false).is_discarded());
  if (const auto* change = std::get_if<messages::GroupChanged>(&message->payload)) {
    RC_ASSERT(!change->groups.empty());
  }
}

std::string any_example() {
  static const std::vector<std::string> names = examples::names();
  return examples::read(*rc::gen::elementOf(names));
}

RC_GTEST_PROP(Decode, SurvivesDamagedBytes, ()) {
  std::string body = any_example();
  const int damages = *rc::gen::inRange(1, 8);
  for (int i = 0; i < damages && !body.empty(); ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, body.size());
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        body[at] = *rc::gen::arbitrary<char>();
        break;
      case 1:
        body.erase(at, *rc::gen::inRange<std::size_t>(1, 20));
        break;
      case 2:
        body.insert(at, *rc::gen::element<std::string>("{", "[", "\"", "null", "1e999", "\\ud800",
                                                       "\xff", "-0", "\0", ","));
        break;
      default:
        body.resize(at);
    }
  }
  check_contract(body);
}

// Collects every place of a document, so that one can be chosen.
void collect(Json& node, std::vector<Json*>& places) {
  places.push_back(&node);
  if (node.is_structured()) {
    for (auto& child : node) {
      collect(child, places);
    }
  }
}

RC_GTEST_PROP(Decode, SurvivesValuesOfAnotherType, ()) {
  Json document = Json::parse(any_example(), nullptr, false);
  RC_PRE(!document.is_discarded());
  std::vector<Json*> places;
  collect(document, places);
  static const std::vector<Json> kValues = {nullptr,
                                            true,
                                            0,
                                            -1,
                                            1e300,
                                            18446744073709551615U,
                                            "",
                                            "x",
                                            std::string(300, 'g'),
                                            Json::array(),
                                            Json::object(),
                                            Json::array({nullptr}),
                                            Json{{"recycle", 1}}};
  *places[*rc::gen::inRange<std::size_t>(0, places.size())] = *rc::gen::elementOf(kValues);
  check_contract(document.dump());
}

TEST(Decode, RefusesMoreThanABodyInS3MayHold) {
  std::string body = examples::read("recycle-request");
  body.append((16U << 20U) - body.size(), ' ');
  EXPECT_TRUE(messages::decode(body).has_value());
  const auto message = messages::decode(body + " ");
  ASSERT_FALSE(message.has_value());
  EXPECT_EQ(message.error().message, "expected at most 16777216 bytes of JSON, found 16777217");
}

TEST(Decode, CountsNestingOutsideStringsOnly) {
  const std::string quoted =
      R"({"source":"a","detail":{},"detail-type":"\"[[[)" + std::string(100, '[') + R"("})";
  EXPECT_TRUE(messages::decode(quoted).has_value());
  const auto nested = [](int depth) {
    return R"({"source":"a","detail-type":"b","detail":{"a":)" + std::string(depth, '[') +
           std::string(depth, ']') + "}}";
  };
  EXPECT_TRUE(messages::decode(nested(30)).has_value());
  EXPECT_FALSE(messages::decode(nested(31)).has_value());
  EXPECT_FALSE(messages::decode(nested(500'000)).has_value());
}

TEST(Decode, ReadsAJobsInputAsDeepAsAnyMessageMayNest) {
  const auto job = [](int depth) {
    return R"({"schemaVersion":1,"oncallJob":{"job":"j","input":{"a":)" + std::string(depth, '[') +
           std::string(depth, ']') + "}}}";
  };
  const auto deep = messages::decode(job(29));
  EXPECT_TRUE(deep.has_value()) << deep.error().message;
  EXPECT_FALSE(messages::decode(job(30)).has_value());
}

}  // namespace
