// The shared configuration of AWS's tools: ~/.aws/config and ~/.aws/credentials.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
#pragma once

#include "aws/environment.h"
#include "base/result.h"

#include <map>
#include <string>
#include <string_view>

namespace aws {

struct IniValue {
  std::string text;
  std::map<std::string, std::string> nested;  // indented "key = value" lines under an empty value
};
using IniSection = std::map<std::string, IniValue>;  // by key, lower case
using IniFile = std::map<std::string, IniSection>;   // by section name as written, blanks merged

// Errors: kInvalid naming the line. `name` is the file's, for the message.
base::Result<IniFile> parse_ini(std::string_view text, const std::string& name);

struct Profile {
  std::string name;                             // "default"
  std::map<std::string, std::string> settings;  // the credentials file wins over the config file
  // From the [services X] section that the profile names: by service id ("sqs", "auto_scaling").
  std::map<std::string, std::string> service_endpoints;
  std::string where;  // the files that were looked at, for people
  // Its access key stands in the credentials file, not in the config file.
  bool keys_in_credentials_file = false;

  std::string get(const std::string& key) const;  // empty when it is not set
};

// Both files as they were read.
struct SharedConfig {
  IniFile config;
  IniFile credentials;
  std::string where;  // their paths, for people

  // Errors: kInvalid when it was asked for by name and is in neither file, naming those that are.
  base::Result<Profile> profile(const std::string& name, bool asked_for) const;
  // The one that AWS_PROFILE names, else AWS_DEFAULT_PROFILE, else "default".
  base::Result<Profile> profile_of(const Environment& environment) const;
};

// AWS_CONFIG_FILE (~/.aws/config) and AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials). A file that
// does not exist is empty. Errors: kInvalid when a file cannot be read or understood.
base::Result<SharedConfig> load_shared_config(const Environment& environment);

// load_shared_config() and profile_of() in one.
base::Result<Profile> load_profile(const Environment& environment);

// The pure part of them.
base::Result<Profile> make_profile(const std::string& name, bool asked_for, const IniFile& config,
                                   const IniFile& credentials);

// "~/x" -> HOME + "/x".
std::string expand_home(const Environment& environment, const std::string& path);

}  // namespace aws
