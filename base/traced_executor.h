// TracedExecutor: an executor that knows which trace the work on it belongs to.
//
// A coroutine that is spawned on traced(executor, trace), and everything that it spawns in turn,
// finds the context with trace_of(co_await this_coro::executor): aws::Caller puts it on its
// requests, and nobody in between passes anything on. It runs work exactly as the executor inside.
#pragma once

#include "base/trace.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <memory>
#include <utility>

namespace base {

class TracedExecutor {
 public:
  using Inner = boost::asio::any_io_executor;

  TracedExecutor(Inner inner, std::shared_ptr<const TraceContext> trace) noexcept
      : inner_(std::move(inner)), trace_(std::move(trace)) {}

  const TraceContext* trace() const noexcept { return trace_.get(); }

  // What Asio asks of an executor: every property is the inner executor's, and the executor that
  // comes of a property still knows the trace.
  boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept {
    return inner_.context();
  }
  template <class Property>
    requires boost::asio::can_query<const Inner&, const Property&>::value
  decltype(auto) query(const Property& property) const {
    return boost::asio::query(inner_, property);
  }
  template <class Property>
    requires boost::asio::can_require<const Inner&, const Property&>::value
  TracedExecutor require(const Property& property) const {
    return {boost::asio::require(inner_, property), trace_};
  }
  template <class Property>
    requires boost::asio::can_prefer<const Inner&, const Property&>::value
  TracedExecutor prefer(const Property& property) const {
    return {boost::asio::prefer(inner_, property), trace_};
  }
  template <class Function>
  void execute(Function function) const {
    inner_.execute(std::move(function));
  }

  friend bool operator==(const TracedExecutor& a, const TracedExecutor& b) noexcept {
    return a.inner_ == b.inner_ && a.trace_ == b.trace_;
  }
  friend bool operator!=(const TracedExecutor& a, const TracedExecutor& b) noexcept {
    return !(a == b);
  }

 private:
  Inner inner_;
  std::shared_ptr<const TraceContext> trace_;
};

// `executor` itself where there is no trace.
inline boost::asio::any_io_executor traced(boost::asio::any_io_executor executor,
                                           std::shared_ptr<const TraceContext> trace) {
  if (trace == nullptr) return executor;
  return TracedExecutor(std::move(executor), std::move(trace));
}

// nullptr where there is none; valid as long as the executor.
inline const TraceContext* trace_of(const boost::asio::any_io_executor& executor) noexcept {
  const auto* target = executor.target<TracedExecutor>();
  return target == nullptr ? nullptr : target->trace();
}

}  // namespace base
