// What AWS's answers that are not successes mean: one table from AWS's code to base::ErrorKind.
#pragma once

#include "base/http.h"
#include "base/result.h"

#include <span>
#include <string>
#include <string_view>

namespace aws {

struct ErrorRow {
  std::string_view code;
  base::ErrorKind kind;
  // Sending the same request again within a second or so may help. False for states that last
  // (a scaling activity in progress): there the reader looks at the world again and decides anew.
  bool retry_at_once = false;
};

// Every code that is known, sorted by code.
std::span<const ErrorRow> error_table();

// By the table; unknown codes by their ending (".NotFound") and then by the HTTP status.
base::ErrorKind error_kind(std::string_view code, int status);

// Whether Caller should send the request again after this error.
bool retry_at_once(const base::Error& error);

// Reads AWS JSON errors (__type, x-amzn-errortype, x-amzn-query-error), Query and EC2 XML errors,
// and answers that are not AWS's at all (a proxy's HTML). Never throws, whatever the bytes are.
// The message is one line of at most 512 bytes and holds no more of the body than AWS's own text.
base::Error error_from_response(std::string_view service, const base::HttpResponse& response);

}  // namespace aws
