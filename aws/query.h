// The AWS Query protocol: form-encoded parameters out, XML back. Shared by the clients of Auto
// Scaling, EC2, Elastic Load Balancing and STS.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html
#pragma once

#include "aws/caller.h"

#include <boost/asio/awaitable.hpp>
#include <pugixml.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aws {

// Longer answers are refused before they are parsed.
inline constexpr std::size_t kQueryAnswerBytesMax = 16U << 20U;
// A describe call that goes on for more pages than this is an error and not an endless loop.
inline constexpr int kQueryPagesMax = 200;

struct QueryCall {
  std::string service;    // "autoscaling"
  std::string version;    // "2011-01-01"
  std::string operation;  // "DescribeAutoScalingGroups"
  std::vector<std::pair<std::string, std::string>> parameters;
  bool idempotent = true;
  bool compress = false;  // the body as gzip, where the service takes that and it is worth it
  base::Duration timeout{15'000};

  void add(std::string key, std::string value);
  void add(std::string key, int value);
  // key.1=first, key.2=second: for Auto Scaling and ELB the key ends in ".member".
  void add_list(const std::string& key, const std::vector<std::string>& values);
};

// Action and Version first, then the parameters in their order. A space becomes '+', everything but
// A-Za-z0-9_.-~ becomes %XX in upper case: the one form that every server re-encodes to the same
// bytes, so that the payload's hash stays true.
std::string query_body(const QueryCall& call);

class XmlAnswer;

// One element of an answer. Reading never fails on the spot: what is missing or malformed is
// remembered by the XmlAnswer, whose finish() then gives the error. Elements that are not asked for
// are ignored. Valid as long as the XmlAnswer lives.
class XmlElement {
 public:
  // A child that must be there; an empty element stands for a missing one.
  XmlElement child(const char* name) const;
  std::optional<XmlElement> child_if(const char* name) const;
  // The children called `item` of the child called `name`; a missing list is an empty one.
  std::vector<XmlElement> list(const char* name, const char* item) const;

  std::string value() const;                            // the element's own text
  std::string text(const char* name) const;             // required, may not be empty
  std::string text_or(const char* name) const;          // empty if missing
  int number(const char* name) const;                   // required
  int number_or(const char* name, int fallback) const;  // fallback if missing or empty
  bool flag(const char* name) const;                    // "true" or "false"; false if missing
  base::TimePoint time(const char* name) const;         // required, RFC 3339

 private:
  friend class XmlAnswer;
  XmlElement(pugi::xml_node node, std::string* problem) : node_(node), problem_(problem) {}
  void complain(const std::string& what, const char* name) const;
  int parse_number(const char* name, std::string_view text) const;

  pugi::xml_node node_;
  std::string* problem_;
};

// A parsed answer.
class XmlAnswer {
 public:
  // Errors: kFatal "MalformedResponse" for what is too long, not XML or not the answer to this
  // call.
  static base::Result<XmlAnswer> parse(std::string_view body, const std::string& operation);

  // <OperationResult> where there is one, else the answer's root (EC2).
  XmlElement result() const;
  // The first problem met while reading; kFatal "MalformedResponse" naming the element.
  std::optional<base::Error> problem() const;
  // The value, unless there was a problem.
  template <class T>
  base::Result<T> finish(T value) const {
    if (auto error = problem()) return *std::move(error);
    return value;
  }

 private:
  XmlAnswer() = default;

  std::unique_ptr<pugi::xml_document> document_;
  std::unique_ptr<std::string> problem_;
  std::string operation_;
};

// Sends the call and parses its answer.
boost::asio::awaitable<base::Result<XmlAnswer>> send_query(Caller& caller, QueryCall call);
// For calls whose answer holds nothing of interest.
boost::asio::awaitable<base::Result<void>> send_query_command(Caller& caller, QueryCall call);

}  // namespace aws
