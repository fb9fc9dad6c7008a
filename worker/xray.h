// XrayExporter: spans as X-Ray segments, one UDP datagram each, to the X-Ray daemon or a collector
// that speaks its protocol. The kernel takes a datagram or it is dropped and counted; nothing
// waits. https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
#pragma once

#include "base/result.h"
#include "worker/metrics.h"
#include "worker/span_exporter.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/udp.hpp>

#include <memory>
#include <string>

namespace worker {

// A message's span is a segment, the spans below it are subsegments that are sent by themselves.
// Attributes are annotations: dots in their names become underscores. One line, no header.
std::string xray_document(const base::Span& span);

class XrayExporter final : public SpanExporter {
 public:
  static constexpr std::size_t kDatagramMax = 64'000;  // of the 64 KB that UDP and X-Ray allow

  // `address`: "127.0.0.1:2000" or "[::1]:2000". Errors: kInvalid for anything else, kFatal where
  // no socket can be had. `metrics` outlives the exporter.
  static base::Result<std::unique_ptr<XrayExporter>> open(boost::asio::any_io_executor executor,
                                                          const std::string& address,
                                                          Metrics& metrics);

  void take(const base::Span& span) override;
  boost::asio::awaitable<void> run() override { co_return; }
  void stop() override {}

 private:
  XrayExporter(boost::asio::any_io_executor executor, Metrics& metrics)
      : socket_(std::move(executor)), metrics_(metrics) {}

  boost::asio::ip::udp::socket socket_;
  boost::asio::ip::udp::endpoint daemon_;
  Metrics& metrics_;
};

// "127.0.0.1:2000", "[::1]:2000"; an IP address, not a name.
bool is_socket_address(std::string_view text);

}  // namespace worker
