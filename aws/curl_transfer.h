// CurlTransfer: one exchange on one libcurl easy handle: options in, HttpResponse or Error out.
// Knows nothing of the event loop; CurlHttpClient drives it.
#pragma once

#include "aws/curl_http_client.h"

#include <curl/curl.h>

#include <memory>
#include <string>

namespace aws {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;

struct HeaderListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// How connections' sockets are opened and closed: the event loop's business.
struct SocketHooks {
  curl_opensocket_callback open = nullptr;
  curl_closesocket_callback close = nullptr;
  void* data = nullptr;
};

class CurlTransfer {
 public:
  CurlTransfer(base::HttpRequest request, HttpOptions options)
      : request_(std::move(request)), options_(options) {}

  // Takes a fresh or reset handle and sets every option on it. Errors: kInvalid for a request that
  // cannot be sent, kFatal when libcurl refuses an option.
  base::Result<void> prepare(EasyHandle easy, const CurlOptions& client, const SocketHooks& hooks);

  CURL* easy() const { return easy_.get(); }
  // The handle back, for reuse; only once it is out of the multi handle.
  EasyHandle release() { return std::move(easy_); }

  // What the exchange came to, after libcurl reported `code` for it.
  base::Result<base::HttpResponse> finish(CURLcode code);

 private:
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  base::Result<void> set_headers();
  base::Error error_of(CURLcode code) const;

  base::HttpRequest request_;
  HttpOptions options_;
  base::HttpResponse response_;
  std::size_t header_bytes_ = 0;
  bool too_large_ = false;
  bool headers_complete_ = false;
  std::string host_;
  EasyHandle easy_;
  std::unique_ptr<curl_slist, HeaderListDeleter> headers_;
  char error_text_[CURL_ERROR_SIZE] = {};
};

}  // namespace aws
