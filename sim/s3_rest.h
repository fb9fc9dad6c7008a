// S3's wire format: the operation is in the method and the path, arguments are in the query and the
// headers, bodies are the object's bytes and only errors and lists are XML.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAPI.html
#pragma once

#include "base/clock.h"
#include "base/http.h"
#include "sim/protocol.h"

#include <optional>
#include <string>
#include <string_view>

namespace sim {

// The member of arguments and results that is the HTTP body. The other members of an object's
// result are headers by their names.
inline constexpr const char* kS3Body = "Body";

// Fills in operation and arguments: Bucket (from the path, or from the host name as in
// "bucket.s3.eu-west-2.amazonaws.com" and "bucket.localhost"), Key, query parameters by their
// names, and of a PutObject Body and Headers {lower-case name: value}.
Decoded decode_s3(const base::HttpRequest& request, Decoded decoded);
base::HttpResponse encode_s3(const ApiCall& call, const ApiOutcome& outcome);

// The body of a request in chunks as SDKs upload streams ("aws-chunked"), put together; trailers
// are appended to `trailers`. Chunks' own signatures are not checked. Nothing: malformed.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
std::optional<std::string> join_aws_chunks(std::string_view body,
                                           std::vector<base::Header>& trailers);

std::string s3_http_date(base::TimePoint time);  // "Fri, 02 Jan 2026 03:04:05 GMT"

}  // namespace sim
