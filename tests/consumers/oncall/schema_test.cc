#include "consumers/oncall/schema.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>

namespace consumers::oncall {
namespace {

Schema schema_of(const std::string& text) {
  auto schema = Schema::parse(text);
  if (!schema) throw std::logic_error(schema.error().message);
  return *schema;
}

std::string refusal(const std::string& schema, const std::string& value) {
  const auto checked = schema_of(schema).check(value);
  return checked ? "" : checked.error().message;
}

TEST(Schema, NamesFieldValueAndWhatIsAccepted) {
  struct Row {
    const char* schema;
    const char* value;
    const char* problem;
  };
  const Row rows[] = {
      {R"({"properties":{"n":{"type":"integer","minimum":1,"maximum":5}}})", R"({"n":"7"})",
       R"(params.n: found "7", expected a whole number from 1 to 5)"},
      {R"({"properties":{"n":{"type":"integer","minimum":1}}})", R"({"n":0})",
       "params.n: found 0, expected a whole number from 1"},
      {R"({"properties":{"s":{"type":"string","minLength":1,"maxLength":3}}})", R"({"s":"abcd"})",
       R"(params.s: found "abcd", expected a string of 1 to 3 characters)"},
      {R"({"properties":{"s":{"type":"string","pattern":"^[a-z]+$"}}})", R"({"s":"A"})",
       R"(params.s: found "A", expected a string that matches ^[a-z]+$)"},
      {R"({"properties":{"s":{"enum":["a","b"]}}})", R"({"s":"c"})",
       R"(params.s: found "c", expected one of "a", "b")"},
      {R"({"required":["s"],"properties":{"s":{"type":"string"}}})", "{}",
       "params.s: missing, expected a string"},
      {R"({"additionalProperties":false,"properties":{"s":{}}})", R"({"t":1})",
       "params.t: unknown, expected one of s"},
      {R"({"properties":{"l":{"items":{"type":"boolean"}}}})", R"({"l":[true,0]})",
       "params.l[1]: found 0, expected true or false"},
      {R"({"properties":{"l":{"type":"array","uniqueItems":true}}})", R"({"l":[1,2,1.0]})",
       "params.l: found [1,2,1.0], expected a list, all different"},
      {R"({"properties":{"x":{"anyOf":[{"type":"string"},{"type":"null"}]}}})", R"({"x":5})",
       "params.x: found 5, expected a string, or null"},
      {R"({"properties":{"x":{"not":{"const":5}}}})", R"({"x":5})",
       "params.x: found 5, expected any value but not 5"},
      {R"({"properties":{"d":{"type":"string","title":"a day","pattern":"^[0-9]+$"}}})",
       R"({"d":"x"})", R"(params.d: found "x", expected a day)"},
      {R"({"type":"object"})", "[]", "params: found [], expected an object"},
      {"{}", "{", "params: not JSON, at byte 2"},
      {"{}", R"({"a":1e999})", "params: a number that is too large"},
  };
  for (const Row& row : rows) EXPECT_EQ(refusal(row.schema, row.value), row.problem) << row.schema;
}

TEST(Schema, TellsEveryProblemAtOnce) {
  EXPECT_EQ(refusal(R"({"required":["a"],"properties":{"b":{"type":"string"}}})", R"({"b":1})"),
            "params.a: missing, expected any value; params.b: found 1, expected a string");
}

TEST(Schema, AcceptsWhatFits) {
  const Schema schema = schema_of(R"({"type":"object","additionalProperties":{"type":"number"},
    "definitions":{"name":{"type":"string","minLength":2}},
    "properties":{"name":{"$ref":"#/definitions/name"},"whole":{"type":"integer"},
                  "step":{"multipleOf":0.1},"one":{"oneOf":[{"minimum":5},{"maximum":3}]}}})");
  for (const char* value : {"{}", R"({"name":"äö"})", R"({"whole":3.0})", R"({"step":0.3})",
                            R"({"one":4e0})", R"({"other":1.5})"}) {
    const bool neither = std::string(value).find("4e0") != std::string::npos;
    EXPECT_EQ(schema.check(value).has_value(), !neither) << value;
  }
  EXPECT_FALSE(schema.check(R"({"name":"ä"})")) << "characters, not bytes";
  EXPECT_FALSE(schema.check(R"({"whole":3.5})"));
}

TEST(Schema, FillsInDefaults) {
  const Schema schema = schema_of(R"({"properties":{"a":{"default":7},
    "b":{"type":"object","properties":{"c":{"default":"x"}}}}})");
  EXPECT_EQ(schema.check("{}").value(), R"({"a":7})");
  EXPECT_EQ(schema.check(R"({"b":{}})").value(), R"({"b":{"c":"x"},"a":7})");
}

TEST(Schema, NeverShowsASecret) {
  const Schema schema = schema_of(R"({"properties":{"token":{"type":"string","maxLength":3,
    "writeOnly":true},"list":{"items":{"properties":{
      "key":{"type":"string","writeOnly":true}}}}}})");
  const auto refused = schema.check(R"({"token":"hunter2"})");
  EXPECT_EQ(refused.error().message,
            "params.token: found a secret, which is not shown, expected a string of at most 3 "
            "characters");
  const char* value = R"({"token":"abc","list":[{"key":"k1"},{"key":"k2","other":1}]})";
  EXPECT_EQ(schema.secrets_in(value), (std::vector<std::string>{"abc", "k1", "k2"}));
  EXPECT_EQ(schema.without_secrets(value),
            R"({"token":"***","list":[{"key":"***"},{"key":"***","other":1}]})");
}

TEST(Schema, IsRefusedWhereAMistakeWouldAllowEverything) {
  struct Row {
    const char* schema;
    const char* problem;
  };
  const Row rows[] = {
      {R"({"requried":["a"]})", "requried: found a keyword that is not known"},
      {R"({"properties":{"a":{"type":"text"}}})", R"(properties.a.type: found "text", expected)"},
      {R"({"properties":{"a":{"minimum":"1"}}})",
       "properties.a.minimum: found \"1\", expected a number"},
      {R"({"properties":{"a":{"pattern":"("}}})",
       "properties.a.pattern: found \"(\", expected a regular"},
      {R"j({"properties":{"a":{"pattern":"(?=x)"}}})j", "properties.a.pattern"},
      {R"({"properties":{"a":{"$ref":"#/definitions/b"}}})", "properties.a.$ref"},
      {R"({"properties":{"a":{"$ref":"https://example.com/x"}}})", "properties.a.$ref"},
      {R"({"definitions":{"b":{}},"properties":{"a":{"$ref":"#/definitions/b","minimum":1}}})",
       "properties.a.minimum: found a keyword beside $ref"},
      {R"({"definitions":{"b":{"$ref":"#/definitions/b"}}})", "leads to itself"},
      {R"({"definitions":{"b":{"items":{"$ref":"#/definitions/c"}},
          "c":{"not":{"$ref":"#/definitions/b"}}}})",
       "leads to itself"},
      {"[]", "schema: found [], expected a schema"},
      {"{", "schema: not JSON"},
  };
  for (const Row& row : rows) {
    const auto problems = Schema::problems(row.schema);
    ASSERT_FALSE(problems.empty()) << row.schema;
    EXPECT_NE(problems.front().find(row.problem), std::string::npos) << problems.front();
  }
}

TEST(Schema, BoundsWhatAHostileSchemaOrValueCosts) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string deep(100'000, '[');
  EXPECT_FALSE(schema_of("{}").check(deep));
  EXPECT_FALSE(Schema::parse(deep));
  EXPECT_FALSE(schema_of("{}").check("\"" + std::string(kParamsBytesMax, 'x') + "\""));

  std::string doubling = R"({"definitions":{"d0":{"type":"string"})";
  for (int i = 1; i < 40; ++i) {
    doubling += fmt::format(
        R"(,"d{0}":{{"allOf":[{{"$ref":"#/definitions/d{1}"}},{{"$ref":"#/definitions/d{1}"}}]}})",
        i, i - 1);
  }
  doubling += R"(},"properties":{"a":{"$ref":"#/definitions/d39"}}})";
  EXPECT_FALSE(Schema::parse(doubling));

  // A pattern that takes other engines for ever, and many values.
  const Schema slow = schema_of(R"({"properties":{"a":{"type":"string","pattern":"^(a+)+$"}}})");
  EXPECT_FALSE(slow.check(R"({"a":")" + std::string(100'000, 'a') + "!\"}"));
  std::string many = "[0";
  for (int i = 1; i < 19'000; ++i) many += fmt::format(",{}", i);
  const Schema unique = schema_of(R"({"properties":{"a":{"uniqueItems":true}}})");
  EXPECT_TRUE(unique.check(R"({"a":)" + many + "]}"));
  const Schema branches = schema_of(R"({"properties":{"a":{"items":{"anyOf":[{"type":"string"},
      {"type":"null"},{"type":"object"},{"allOf":[{"minimum":0},{"maximum":-1}]},{"const":1},
      {"const":2},{"const":3},{"const":4},{"const":5},{"const":6},{"const":7},{"const":8}]}}}})");
  const auto refused = branches.check(R"({"a":)" + many + "]}");
  ASSERT_FALSE(refused);
  EXPECT_LT(refused.error().message.size(), 10'000U);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(Schema, DescribesItsParameters) {
  const auto parameters = schema_of(R"({"required":["b"],"properties":{
    "b":{"type":"string","description":"A thing"},"a":{"type":"integer","default":3},
    "t":{"type":"string","writeOnly":true}}})")
                              .parameters();
  ASSERT_EQ(parameters.size(), 3U);
  EXPECT_EQ(parameters[0].name, "b") << "in their order";
  EXPECT_TRUE(parameters[0].required);
  EXPECT_EQ(parameters[0].description, "A thing");
  EXPECT_EQ(parameters[1].fallback, "3");
  EXPECT_EQ(parameters[1].accepted, "a whole number");
  EXPECT_TRUE(parameters[2].secret);
}

}  // namespace
}  // namespace consumers::oncall
