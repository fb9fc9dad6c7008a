#include "base/trace.h"

#include <gtest/gtest.h>

namespace {

using base::format_traceparent;
using base::format_xray_header;
using base::parse_traceparent;
using base::parse_xray_header;

constexpr const char* kTraceId = "5759e988bd862e3fe1be46a994272793";
constexpr const char* kParentId = "53995c3f42cd8ad8";
constexpr const char* kXray =
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
constexpr const char* kW3c = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";

TEST(Trace, ReadsXraysHeaderInAnyOrderAndLeavesOtherFieldsOut) {
  const std::string texts[] = {
      kXray,
      "Sampled=1;Parent=53995c3f42cd8ad8;Root=1-5759e988-bd862e3fe1be46a994272793",
      "Self=1-11111111-222222222222222222222222;Root=1-5759e988-bd862e3fe1be46a994272793; "
      "Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:0|68fd508a:5;",
  };
  for (const std::string& text : texts) {
    const auto trace = parse_xray_header(text);
    ASSERT_TRUE(trace) << text;
    EXPECT_EQ(trace->trace_id, kTraceId) << text;
    EXPECT_EQ(trace->parent_id, kParentId) << text;
    EXPECT_EQ(trace->sampled, true) << text;
    EXPECT_FALSE(trace->from_w3c);
    EXPECT_EQ(format_xray_header(*trace), kXray) << text;
  }
}

TEST(Trace, KeepsAnXrayRootWhoseOtherFieldsMakeNoSense) {
  const std::string root = "Root=1-5759e988-bd862e3fe1be46a994272793";
  for (const std::string& rest :
       {std::string(), std::string(";Parent=0000000000000000;Sampled=?"),
        std::string(";Parent=53995C3F42CD8AD8;Sampled=2"), std::string(";Parent;Sampled;=;;;"),
        std::string(";Parent=53995c3f42cd8ad8a;Sampled=")}) {
    const auto trace = parse_xray_header(root + rest);
    ASSERT_TRUE(trace) << rest;
    EXPECT_EQ(trace->parent_id, "") << rest;
    EXPECT_FALSE(trace->sampled) << rest;
    EXPECT_EQ(format_xray_header(*trace), root) << rest;
    EXPECT_EQ(format_traceparent(*trace), "") << "W3C cannot say that there is no parent";
  }
  EXPECT_EQ(format_xray_header(*parse_xray_header(root + ";Sampled=0")), root + ";Sampled=0");
}

TEST(Trace, RefusesAnXrayHeaderWithoutAProperRoot) {
  for (const std::string& text : {
           std::string(),
           std::string("Parent=53995c3f42cd8ad8;Sampled=1"),
           std::string("Root="),
           std::string("Root=1-5759e988-bd862e3fe1be46a99427279"),    // one digit short
           std::string("Root=1-5759e988-bd862e3fe1be46a9942727933"),  // one too many
           std::string("Root=2-5759e988-bd862e3fe1be46a994272793"),   // no such version
           std::string("Root=1-5759E988-bd862e3fe1be46a994272793"),   // upper case
           std::string("Root=1-5759e98-8bd862e3fe1be46a994272793"),   // dash in the wrong place
           std::string("Root=1-00000000-000000000000000000000000"),
           std::string("Root=1-5759e988-bd862e3fe1be46a99427279\n"),
           std::string("root=1-5759e988-bd862e3fe1be46a994272793"),
           std::string(kXray) + ";X=" + std::string(base::kTraceHeaderBytesMax, 'x'),
       }) {
    EXPECT_FALSE(parse_xray_header(text)) << text;
  }
}

TEST(Trace, ReadsATraceparent) {
  const auto trace = parse_traceparent(kW3c, " congo=t61rcWkgMzE,rojo=00f067aa0ba902b7 ");
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->trace_id, kTraceId);
  EXPECT_EQ(trace->parent_id, kParentId);
  EXPECT_EQ(trace->sampled, true);
  EXPECT_EQ(trace->trace_state, "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7");
  EXPECT_TRUE(trace->from_w3c);
  EXPECT_EQ(format_traceparent(*trace), kW3c);
}

TEST(Trace, KeepsTheFlagsThatAreDefinedAndNoOther) {
  const std::string start = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-";
  EXPECT_EQ(format_traceparent(*parse_traceparent(start + "00")), start + "00");
  EXPECT_EQ(format_traceparent(*parse_traceparent(start + "02")), start + "02");
  EXPECT_EQ(format_traceparent(*parse_traceparent(start + "ff")), start + "03");
  EXPECT_EQ(format_traceparent(*parse_traceparent(start + "f8")), start + "00");
}

TEST(Trace, ReadsWhatItKnowsOfALaterVersion) {
  const std::string ids = "-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
  for (const std::string& text :
       {"01" + ids, "cc" + ids + "-what-the-future-will-be-like", "fe" + ids + "-"}) {
    const auto trace = parse_traceparent(text);
    ASSERT_TRUE(trace) << text;
    EXPECT_EQ(format_traceparent(*trace), kW3c) << text;
  }
}

TEST(Trace, RefusesATraceparentThatTheStandardCallsInvalid) {
  const std::string good = kW3c;
  const auto with = [&](std::size_t at, const std::string& text) {
    std::string changed = good;
    return changed.replace(at, text.size(), text);
  };
  for (const std::string& text : {
           std::string(),
           std::string("00"),
           good.substr(0, good.size() - 1),
           good + "-",  // version 00 ends after the flags
           good + "-00",
           with(0, "ff"),
           with(0, "ff") + "-00",
           with(0, "0x"),
           with(0, "01") + ".future",
           with(2, "_"),
           with(35, "_"),
           with(52, "_"),
           with(3, std::string(32, '0')),
           with(36, std::string(16, '0')),
           with(3, "A"),
           with(3, "g"),
           with(36, "F"),
           with(53, "0A"),
           with(53, "0 "),
           with(0, "01") + "-" + std::string(base::kTraceHeaderBytesMax, 'x'),
       }) {
    EXPECT_FALSE(parse_traceparent(text)) << text;
  }
}

TEST(Trace, DropsATracestateThatIsTooLongOrNotPrintable) {
  for (const std::string& state :
       {std::string(base::kTraceStateBytesMax + 1, 'a'), std::string("a=1\r\nHost: elsewhere"),
        std::string("a=\x80"), std::string("a=\0b", 4)}) {
    const auto trace = parse_traceparent(kW3c, state);
    ASSERT_TRUE(trace) << "the traceparent itself is still good";
    EXPECT_EQ(trace->trace_state, "");
  }
  const std::string longest(base::kTraceStateBytesMax, 'a');
  EXPECT_EQ(parse_traceparent(kW3c, longest)->trace_state, longest);
}

TEST(Trace, ConvertsBetweenTheTwoNotations) {
  EXPECT_EQ(format_traceparent(*parse_xray_header(kXray)), kW3c);
  EXPECT_EQ(format_xray_header(*parse_traceparent(kW3c)), kXray);
  const std::string undecided = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8";
  EXPECT_EQ(format_traceparent(*parse_xray_header(undecided)),
            "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-00");
}

TEST(Trace, IsShownInTheNotationOfItsSender) {
  EXPECT_EQ(shown_trace_id(*parse_xray_header(kXray)), "1-5759e988-bd862e3fe1be46a994272793");
  EXPECT_EQ(shown_trace_id(*parse_traceparent(kW3c)), kTraceId);
}

}  // namespace
