// Outside: what gates and hooks reach besides Auto Scaling itself, and what the worker's
// configuration allows them to. One per worker.
#pragma once

#include "aws/child_process.h"
#include "aws/http_client.h"
#include "base/secret.h"
#include "consumers/recycle/gates/alarm_book.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace consumers::recycle {

// Runs a program without a shell: aws::run_process, or a test's stand-in.
using ProgramRunner = std::function<boost::asio::awaitable<base::Result<aws::ProcessOutput>>(
    std::vector<std::string> words, aws::ProcessLimits limits)>;

// A hook is one of the two.
struct Hook {
  base::Secret url;                // POST; may hold a token
  std::vector<std::string> words;  // program and arguments
};

// References outlive it.
struct Outside {
  AlarmBook& alarms;
  aws::HttpClient& http;
  ProgramRunner run;
  std::map<std::string, std::vector<std::string>> commands = {};  // of gates, by name
  std::map<std::string, Hook> hooks = {};                         // by name
};

// "NAME=PROGRAM ARGUMENT...; NAME=...", or one a line. Errors (kInvalid) name the entry by its
// place and name, never its value.
base::Result<std::map<std::string, std::vector<std::string>>> parse_commands(std::string_view text);
// The same with a URL (http:// or https://) in the place of the program where a hook is posted.
base::Result<std::map<std::string, Hook>> parse_hooks(const base::Secret& text);

// Programs are told what they are run for on standard input, and nothing of our own secrets.
aws::ProcessLimits program_limits(base::Duration timeout, std::string input);
// What a program that failed has to say: "exit code 2: disk full"; one short line.
std::string describe_failure(const aws::ProcessOutput& output);

}  // namespace consumers::recycle
