#include "base/span.h"

#include "sim/virtual_loop.h"

#include <gtest/gtest.h>

namespace base {
namespace {

using std::chrono::seconds;

struct Kept final : SpanSink {
  void ended(Span span) override { spans.push_back(std::move(span)); }
  std::vector<Span> spans;
};

struct Rig {
  sim::VirtualLoop loop;
  Random random{1};
  Kept sink;

  TraceContext trace() {
    Span root;
    root.trace_id = std::string(32, 'a');
    root.span_id = std::string(16, 'b');
    TraceContext trace;
    trace.trace_id = root.trace_id;
    trace.spans = std::make_shared<SpanTree>(sink, loop.clock(), random, std::move(root));
    return trace;
  }
};

TEST(Span, BelongsToTheNestedSpanThatIsOpenWhenItBegins) {
  Rig rig;
  {
    TraceContext trace = rig.trace();
    ActiveSpan before(&trace, ActiveSpan::Nesting::kLeaf, Span::Kind::kClient);
    {
      ActiveSpan step(&trace, ActiveSpan::Nesting::kNested, Span::Kind::kInternal);
      const ActiveSpan call(&trace, ActiveSpan::Nesting::kLeaf, Span::Kind::kClient);
      step.name("step");
      rig.loop.run_for(seconds(2));
    }
    const ActiveSpan after(&trace, ActiveSpan::Nesting::kLeaf, Span::Kind::kClient);
    EXPECT_EQ(rig.sink.spans.size(), 2U) << "the root is still open";
  }
  ASSERT_EQ(rig.sink.spans.size(), 5U);
  const Span& call = rig.sink.spans[0];
  const Span& step = rig.sink.spans[1];
  const Span& root = rig.sink.spans[4];
  EXPECT_EQ(call.parent_id, step.span_id);
  EXPECT_EQ(step.parent_id, root.span_id);
  EXPECT_EQ(step.name, "step");
  EXPECT_EQ(step.end - step.begin, seconds(2));
  EXPECT_EQ(rig.sink.spans[2].parent_id, root.span_id);
  EXPECT_EQ(rig.sink.spans[3].parent_id, root.span_id);
  EXPECT_TRUE(root.is_root);
  EXPECT_FALSE(step.is_root);
  EXPECT_EQ(root.end - root.begin, seconds(2));
}

TEST(Span, IsNothingWithoutATree) {
  const TraceContext bare;
  for (const TraceContext* trace : {static_cast<const TraceContext*>(nullptr), &bare}) {
    ActiveSpan span(trace, ActiveSpan::Nesting::kNested, Span::Kind::kClient);
    EXPECT_FALSE(span);
    span.add("key", "value");
    EXPECT_EQ(span.id(), "");
  }
}

TEST(Span, KeepsABoundedNumberOfAttributes) {
  Rig rig;
  TraceContext trace = rig.trace();
  {
    ActiveSpan span(&trace, ActiveSpan::Nesting::kLeaf, Span::Kind::kClient);
    for (int i = 0; i < 1'000; ++i) span.add("key" + std::to_string(i), "value");
  }
  EXPECT_EQ(rig.sink.spans.at(0).attributes.size(), 32U);
}

}  // namespace
}  // namespace base
