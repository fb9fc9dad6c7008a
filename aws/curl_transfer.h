// CurlTransfer: one exchange on one libcurl easy handle: options in, HttpResponse or Error out.
// Knows nothing of the event loop; CurlHttpClient drives it.
#pragma once

#include "aws/curl_http_client.h"

#include <curl/curl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aws {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;

// How connections' sockets are opened and closed: the event loop's business.
struct SocketHooks {
  curl_opensocket_callback open = nullptr;
  curl_closesocket_callback close = nullptr;
  void* data = nullptr;
};

// A handle between two exchanges. The options that are the same for every request of one client
// stay on it, and so does its URL.
struct PooledHandle {
  EasyHandle easy;
  bool ready = false;  // the constant options are set
  std::string url;     // the one that is set; empty for none
};

class CurlTransfer {
 public:
  CurlTransfer(base::HttpRequest request, HttpOptions options)
      : request_(std::move(request)), options_(options) {}

  // Sets what the handle lacks. Errors: kInvalid for a request that cannot be sent, kFatal when
  // libcurl refuses an option.
  base::Result<void> prepare(PooledHandle handle, const CurlOptions& client,
                             const SocketHooks& hooks);

  CURL* easy() const { return handle_.easy.get(); }
  // The handle back, for reuse, with nothing of this request on it but its URL; only once it is out
  // of the multi handle.
  PooledHandle release();

  // What the exchange came to, after libcurl reported `code` for it.
  base::Result<base::HttpResponse> finish(CURLcode code);

 private:
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static int on_connected(void* self, char* their_ip, char* our_ip, int their_port, int our_port);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  base::Result<void> check_request() const;
  void write_headers();
  void read_headers();
  base::Error error_of(CURLcode code) const;

  base::HttpRequest request_;
  HttpOptions options_;
  base::HttpResponse response_;
  std::string header_lines_;  // of the answer, as they came
  std::size_t header_bytes_ = 0;
  bool keep_headers_ = true;
  bool too_large_ = false;
  bool watched_ = false;         // libcurl asks before it writes a request
  bool checks_address_ = false;  // where to
  bool refused_ = false;         // for the address
  int requests_ = 0;
  bool repeated_ = false;  // by libcurl, which was not to
  bool headers_complete_ = false;
  PooledHandle handle_;
  // libcurl's list of header lines, in two blocks instead of two for each line.
  std::string header_text_;  // lines, each ended by a NUL
  std::vector<curl_slist> header_list_;
  char error_text_[CURL_ERROR_SIZE] = {};
};

}  // namespace aws
