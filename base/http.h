// Plain HTTP/1.1 values shared by the client (aws/), the servers (worker/, sim/) and the tests.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

struct Header {
  std::string name;
  std::string value;
  friend bool operator==(const Header&, const Header&) = default;
};

struct HttpRequest {
  std::string method = "GET";
  std::string
      url;  // absolute ("https://host/path?query") to send, origin form ("/path?query") served
  std::vector<Header> headers;
  std::string body;
};

struct HttpResponse {
  int status = 0;
  std::vector<Header> headers;
  std::string body;
};

// The first header of this name, compared without regard to case.
std::optional<std::string_view> find_header(const std::vector<Header>& headers,
                                            std::string_view name);

using HttpHandler = std::function<boost::asio::awaitable<HttpResponse>(HttpRequest)>;

std::string percent_encode(std::string_view text, bool keep_slash = false);  // RFC 3986 unreserved
std::string percent_decode(std::string_view text, bool plus_is_space = false);

}  // namespace base
