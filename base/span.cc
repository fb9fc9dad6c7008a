#include "base/span.h"

namespace base {

namespace {

constexpr std::size_t kSpanIdDigits = 16;
constexpr std::size_t kAttributesMax = 32;

}  // namespace

SpanTree::SpanTree(SpanSink& sink, const Clock& clock, Random& random, Span root)
    : sink_(sink), clock_(clock), random_(random), root_(std::move(root)), current_(root_.span_id) {
  root_.is_root = true;
  root_.begin = clock_.now();
}

SpanTree::~SpanTree() {
  root_.end = clock_.now();
  sink_.ended(std::move(root_));
}

ActiveSpan::ActiveSpan(const TraceContext* trace, Nesting nesting, Span::Kind kind) {
  if (trace == nullptr || trace->spans == nullptr) return;
  tree_ = trace->spans.get();
  nested_ = nesting == Nesting::kNested;
  span_.trace_id = trace->trace_id;
  span_.span_id = tree_->random_.hex(kSpanIdDigits);
  span_.parent_id = tree_->current_;
  span_.kind = kind;
  span_.begin = tree_->clock_.now();
  if (nested_) tree_->current_ = span_.span_id;
}

ActiveSpan::~ActiveSpan() {
  if (tree_ == nullptr) return;
  if (nested_) tree_->current_ = span_.parent_id;
  span_.end = tree_->clock_.now();
  tree_->sink_.ended(std::move(span_));
}

void ActiveSpan::add(std::string_view key, std::string value) {
  if (tree_ == nullptr || span_.attributes.size() >= kAttributesMax) return;
  span_.attributes.emplace_back(key, std::move(value));
}

}  // namespace base
