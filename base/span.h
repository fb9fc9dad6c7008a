// Span: one piece of work of a trace, with its begin and end, as X-Ray and OpenTelemetry know it.
//
// Spans are made where a TraceContext carries a SpanTree: the piece of work that everything else is
// part of (a message), and below it what is done for it. ActiveSpan is how code says "this is one":
// it costs a comparison where nobody asked for spans. A finished span goes to a SpanSink at once.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/trace.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

struct Span {
  enum class Kind { kInternal, kConsumer, kClient };

  std::string trace_id;   // 32 lower-case hex digits
  std::string span_id;    // 16 of them
  std::string parent_id;  // the same; empty: the first of its trace
  std::string name;       // of few different ones: "sqs.ReceiveMessage", never with an id
  Kind kind = Kind::kInternal;
  bool is_root = false;  // of this process: nothing above it is ours
  TimePoint begin;
  TimePoint end;
  std::vector<std::pair<std::string, std::string>> attributes;  // OpenTelemetry's names
  std::string error;  // what went wrong, a code or one line; empty: nothing
};

class SpanSink {
 public:
  virtual ~SpanSink() = default;
  virtual void ended(Span span) = 0;
};

// The spans of one message while it is in hand. Its root ends with it.
class SpanTree {
 public:
  // References outlive the tree. Of `root` the begin is filled in here.
  SpanTree(SpanSink& sink, const Clock& clock, Random& random, Span root);
  ~SpanTree();
  SpanTree(const SpanTree&) = delete;
  SpanTree& operator=(const SpanTree&) = delete;

  Span& root() { return root_; }

 private:
  friend class ActiveSpan;

  SpanSink& sink_;
  const Clock& clock_;
  Random& random_;
  Span root_;
  std::string current_;  // what begins now is part of it
};

// A span from here to the end of the scope. A nested one is what spans that begin before its end
// belong to; what runs side by side must not nest.
class ActiveSpan {
 public:
  enum class Nesting { kNested, kLeaf };

  // Nothing at all without a trace that carries a tree; else the trace outlives the span.
  ActiveSpan(const TraceContext* trace, Nesting nesting, Span::Kind kind);
  ~ActiveSpan();
  ActiveSpan(const ActiveSpan&) = delete;
  ActiveSpan& operator=(const ActiveSpan&) = delete;

  explicit operator bool() const { return tree_ != nullptr; }
  const std::string& id() const { return span_.span_id; }
  void name(std::string text) { span_.name = std::move(text); }
  void add(std::string_view key, std::string value);
  void failed(std::string error) { span_.error = std::move(error); }

 private:
  SpanTree* tree_ = nullptr;
  bool nested_ = false;
  Span span_;
};

}  // namespace base
