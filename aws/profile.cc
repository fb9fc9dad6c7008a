#include "aws/profile.h"

#include "aws/small_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace aws {

namespace {

constexpr std::size_t kFileBytesMax = 1U << 20U;

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// A comment inside a value starts at white space followed by # or ;.
std::string_view without_comment(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    const bool mark = value[i] == '#' || value[i] == ';';
    if (mark && (value[i - 1] == ' ' || value[i - 1] == '\t')) return trim(value.substr(0, i));
  }
  return trim(value);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// "profile  x" -> "profile x".
std::string merge_blanks(std::string_view text) {
  std::string out;
  for (const char c : trim(text)) {
    const bool blank = c == ' ' || c == '\t';
    if (blank && out.back() == ' ') continue;
    out += blank ? ' ' : c;
  }
  return out;
}

class IniParser {
 public:
  explicit IniParser(const std::string& name) : name_(name) {}

  base::Result<IniFile> parse(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    while (!text.empty()) {
      ++line_number_;
      const auto end = std::min(text.find('\n'), text.size());
      const std::string problem = take(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      if (!problem.empty()) {
        return base::invalid(fmt::format("{}:{}: {}", name_, line_number_, problem));
      }
    }
    return std::move(file_);
  }

 private:
  // Returns what is wrong with the line; never the line itself, it may hold a secret.
  std::string take(std::string_view line) {
    const std::string_view bare = trim(line);
    if (bare.empty() || bare.front() == '#' || bare.front() == ';') return {};
    const bool indented = line.front() == ' ' || line.front() == '\t';
    if (!indented && bare.front() == '[') return take_section(bare);
    if (section_ == nullptr) return "expected a section such as [default] first";
    if (indented && value_ != nullptr) return take_continuation(bare);
    return take_property(bare);
  }

  std::string take_section(std::string_view bare) {
    const auto close = bare.find(']');
    if (close == std::string_view::npos) return "expected ] at the end of the section's name";
    const std::string name = merge_blanks(bare.substr(1, close - 1));
    if (name.empty()) return "expected a name between [ and ]";
    section_ = &file_[name];
    value_ = nullptr;
    return {};
  }

  std::string take_property(std::string_view bare) {
    const auto equals = bare.find('=');
    if (equals == std::string_view::npos) return "expected key = value";
    const std::string key = lower(trim(bare.substr(0, equals)));
    if (key.empty()) return "expected a key before =";
    value_ = &(*section_)[key];
    *value_ = IniValue{std::string(without_comment(bare.substr(equals + 1))), {}};
    return {};
  }

  std::string take_continuation(std::string_view bare) {
    const auto equals = bare.find('=');
    if (value_->text.empty() && equals != std::string_view::npos) {
      const std::string key = lower(trim(bare.substr(0, equals)));
      value_->nested[key] = std::string(without_comment(bare.substr(equals + 1)));
      return {};
    }
    if (value_->text.empty()) return "expected key = value";
    value_->text += '\n';
    value_->text += bare;
    return {};
  }

  const std::string& name_;
  IniFile file_;
  IniSection* section_ = nullptr;
  IniValue* value_ = nullptr;
  int line_number_ = 0;
};

base::Result<IniFile> read_ini(const std::string& path) {
  const auto text = read_small_file(path, kFileBytesMax);
  if (text) return parse_ini(*text, path);
  if (text.error().kind == base::ErrorKind::kNotFound) return IniFile{};
  return text.error();
}

std::string file_path(const Environment& environment, const char* variable, const char* leaf) {
  const auto set = environment(variable);
  return expand_home(environment, set ? *set : "~/.aws/" + std::string(leaf));
}

bool has_keys(const IniFile& file, const std::string& section) {
  const auto found = file.find(section);
  return found != file.end() && (found->second.contains("aws_access_key_id") ||
                                 found->second.contains("aws_secret_access_key"));
}

void merge_section(const IniFile& file, const std::string& section, Profile& profile) {
  const auto found = file.find(section);
  if (found == file.end()) return;
  for (const auto& [key, value] : found->second) profile.settings[key] = value.text;
}

std::string names_of(const IniFile& config, const IniFile& credentials) {
  std::set<std::string> names;
  for (const auto& [section, values] : credentials) names.insert(section);
  for (const auto& [section, values] : config) {
    if (section == "default") names.insert(section);
    if (section.starts_with("profile ")) names.insert(section.substr(8));
  }
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list.empty() ? "none" : list;
}

}  // namespace

base::Result<IniFile> parse_ini(std::string_view text, const std::string& name) {
  return IniParser(name).parse(text);
}

std::string expand_home(const Environment& environment, const std::string& path) {
  const std::string home = environment("HOME").value_or("");
  return path.starts_with("~/") && !home.empty() ? home + path.substr(1) : path;
}

std::string Profile::get(const std::string& key) const {
  const auto found = settings.find(key);
  return found == settings.end() ? "" : found->second;
}

base::Result<Profile> make_profile(const std::string& name, bool asked_for, const IniFile& config,
                                   const IniFile& credentials) {
  const std::string section =
      name == "default" && !config.contains("profile default") ? "default" : "profile " + name;
  if (asked_for && !config.contains(section) && !credentials.contains(name)) {
    return base::invalid(
        fmt::format("profile '{}' (AWS_PROFILE) does not exist; profiles found: {}", name,
                    names_of(config, credentials)));
  }
  Profile profile;
  profile.name = name;
  merge_section(config, section, profile);
  merge_section(credentials, name, profile);
  profile.keys_in_credentials_file = has_keys(credentials, name);
  const std::string services = profile.get("services");
  if (services.empty()) return profile;
  const auto found = config.find("services " + services);
  if (found == config.end()) {
    return base::invalid(
        fmt::format("profile '{}' names services = {}, but there is no section "
                    "[services {}] in the configuration file",
                    name, services, services));
  }
  for (const auto& [service, value] : found->second) {
    const auto url = value.nested.find("endpoint_url");
    if (url != value.nested.end()) profile.service_endpoints[service] = url->second;
  }
  return profile;
}

base::Result<SharedConfig> load_shared_config(const Environment& environment) {
  SharedConfig shared;
  const std::string config_path = file_path(environment, "AWS_CONFIG_FILE", "config");
  const std::string credentials_path =
      file_path(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  auto config = read_ini(config_path);
  if (!config) return config.error();
  auto credentials = read_ini(credentials_path);
  if (!credentials) return credentials.error();
  shared.config = std::move(*config);
  shared.credentials = std::move(*credentials);
  shared.where = fmt::format("{} and {}", config_path, credentials_path);
  return shared;
}

base::Result<Profile> SharedConfig::profile(const std::string& name, bool asked_for) const {
  auto profile = make_profile(name, asked_for, config, credentials);
  if (!profile) return profile.error().while_doing("reading " + where);
  profile->where = where;
  return profile;
}

base::Result<Profile> SharedConfig::profile_of(const Environment& environment) const {
  auto name = environment("AWS_PROFILE");
  if (!name) name = environment("AWS_DEFAULT_PROFILE");
  return profile(name.value_or("default"), name.has_value());
}

base::Result<Profile> load_profile(const Environment& environment) {
  const auto shared = load_shared_config(environment);
  if (!shared) return shared.error();
  return shared->profile_of(environment);
}

}  // namespace aws
