// SpanExporter: where finished spans go. Never in the way of the work: take() does not wait.
#pragma once

#include "base/span.h"

#include <boost/asio/awaitable.hpp>

namespace worker {

class SpanExporter {
 public:
  virtual ~SpanExporter() = default;

  virtual void take(const base::Span& span) = 0;
  // Until stop(); then what is left, as far as that goes quickly.
  virtual boost::asio::awaitable<void> run() = 0;
  virtual void stop() = 0;
};

}  // namespace worker
