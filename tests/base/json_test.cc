#include "base/json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

#include <string>

namespace {

using nlohmann::json;

std::string round_trip(std::string_view text) {
  const auto document = base::JsonDocument::parse(text);
  return document ? base::dump(document->root()) : "(refused)";
}

TEST(JsonDocument, AcceptsWhatTheRfcAcceptsAndNothingElse) {
  for (const char* text : {"{}", "[]", " 1 ", "-0", "\"\"", "null", "1E+5", "1e-999",
                           R"(["\ud83d\ude00","\u0000","\/"])", R"({"a":{"b":[true,false]}})"}) {
    EXPECT_TRUE(base::JsonDocument::parse(text)) << text;
  }
  for (const char* text : {"",
                           " ",
                           "{",
                           "[1,]",
                           "{\"a\":1}x",
                           "tru",
                           "01",
                           "1.",
                           "-",
                           "1e999",
                           "'a'",
                           "\"a\tb\"",
                           "\"\xff\"",
                           "\"\xed\xa0\x80\"",
                           R"("\ud800")",
                           R"("\udc00")",
                           R"("\ud800\ud800")",
                           R"("\x")",
                           "// c\n1",
                           "NaN"}) {
    EXPECT_FALSE(base::JsonDocument::parse(text)) << text;
  }
}

TEST(JsonDocument, MakesDoublesOfNumbersBeyond64Bits) {
  EXPECT_EQ(round_trip("18446744073709551615"), "18446744073709551615");
  for (const char* text : {"18446744073709551616", "-9223372036854775809"}) {
    const auto document = base::JsonDocument::parse(text);
    ASSERT_TRUE(document) << text;
    EXPECT_EQ(document->root().type(), base::JsonType::DOUBLE) << text;
    EXPECT_DOUBLE_EQ(document->root().get_double().value_unsafe(), std::stod(text)) << text;
  }
}

TEST(JsonDocument, DropsAByteOrderMark) { EXPECT_EQ(round_trip("\xef\xbb\xbf{}"), "{}"); }

TEST(JsonDocument, TakesTheLastOfTwoMembersOfOneName) {
  const auto document = base::JsonDocument::parse(R"({"a":1,"b":2,"a":"x"})");
  EXPECT_EQ(base::text_in(*base::member_of(document->root(), "a")), "x");
  EXPECT_FALSE(base::member_of(document->root(), "c"));
  EXPECT_FALSE(base::member_of(*base::member_of(document->root(), "b"), "a"));
}

TEST(JsonDocument, SurvivesTheTextAndOtherDocuments) {
  std::string text = R"({"inner":"{\"deep\":\"one\"}"})";
  const auto outer = base::JsonDocument::parse(text);
  text.assign(text.size(), 'x');
  const auto inner_text = base::text_in(*base::member_of(outer->root(), "inner"));
  const auto inner = base::JsonDocument::parse(*inner_text);
  const auto third = base::JsonDocument::parse(R"(["other"])");
  EXPECT_EQ(base::text_in(*base::member_of(inner->root(), "deep")), "one");
  EXPECT_EQ(*inner_text, R"({"deep":"one"})");
}

TEST(JsonDocument, ReadsLongTextsBetweenShortOnes) {
  for (const std::size_t bytes : {10U, 300'000U, 20U, 2'000'000U, 5U}) {
    const std::string text(bytes, 'z');
    const auto document = base::JsonDocument::parse("\"" + text + "\"");
    EXPECT_EQ(base::text_in(document->root()), text);
  }
}

RC_GTEST_PROP(JsonDocument, AgreesWithNlohmannOnDamagedTexts, ()) {
  std::string text =
      R"({"a":[1,-2.5e3,"x\u00e9\ud83d\ude00",null,true,{"b":18446744073709551616}],)"
      R"("":"\\\"","c":{"d":{}}})";
  const int damages = *rc::gen::inRange(0, 5);
  for (int i = 0; i < damages; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    text.replace(at, *rc::gen::inRange<std::size_t>(0, 3),
                 *rc::gen::element<std::string>("", "\"", "{", "]", ",", ":", "0", "9", "e", "-",
                                                ".", "\\", "u", "d800", "\xc3", " ", "\n", "null"));
  }
  const json expected = json::parse(text, nullptr, false);
  const auto document = base::JsonDocument::parse(text);
  RC_ASSERT(document.has_value() == !expected.is_discarded());
  if (document) RC_ASSERT(json::parse(base::dump(document->root())) == expected);
}

RC_GTEST_PROP(AppendJsonText, WritesWhatNlohmannWrites, (std::string text)) {
  std::string ours = "before";
  std::string theirs = "before";
  bool utf8 = true;
  try {
    theirs += json(text).dump();
  } catch (const json::type_error&) {
    utf8 = false;
  }
  RC_ASSERT(base::append_json_text(ours, text) == utf8);
  RC_ASSERT(ours == theirs);
}

TEST(AppendJsonText, EscapesEveryByteThatMustBe) {
  for (int byte = 0; byte < 128; ++byte) {
    const std::string text = {'a', static_cast<char>(byte), static_cast<char>(byte), 'z'};
    std::string out;
    ASSERT_TRUE(base::append_json_text(out, text));
    EXPECT_EQ(out, json(text).dump()) << byte;
  }
}

TEST(AppendJsonText, EscapesAtEveryPlaceOfALongText) {
  for (std::size_t at = 0; at < 40; ++at) {
    for (const char special : {'"', '\\', '\n', '\x01', '\x1f', '\x20', '\x7f'}) {
      std::string text(40, 'a');
      text[at] = special;
      std::string out;
      ASSERT_TRUE(base::append_json_text(out, text));
      EXPECT_EQ(out, json(text).dump()) << at;
    }
  }
}

}  // namespace
