#include "consumers/oncall/script_files.h"

#include "consumers/oncall/schema.h"
#include "consumers/oncall/schema_walk.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <utility>

namespace consumers::oncall {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kFilesMax = 1'000;
constexpr std::size_t kFirstLineMax = 256;

std::string mode_of(const struct stat& status) {
  return fmt::format("{:04o}", status.st_mode & 07777U);
}

// What is wrong with a file or a folder; empty if nothing is. Scripts may run as users of their
// own.
std::string mode_problem(const struct stat& status) {
  const bool folder = S_ISDIR(status.st_mode);
  if ((status.st_mode & S_IWOTH) != 0) {
    return fmt::format("mode {}, expected that not everybody may change it: chmod o-w",
                       mode_of(status));
  }
  const bool readable =
      (status.st_mode & S_IROTH) != 0 && (!folder || (status.st_mode & S_IXOTH) != 0);
  if (!readable) {
    return fmt::format("mode {}, expected that everybody may read it: chmod o+r{}", mode_of(status),
                       folder ? "x" : "");
  }
  return "";
}

// The first line of a file, without its end.
std::string first_line(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string line(kFirstLineMax, '\0');
  in.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(in.gcount()));
  return line.substr(0, line.find('\n'));
}

// What is wrong with the first line of a script; empty if nothing is.
std::string interpreter_problem(const std::string& line) {
  constexpr std::string_view kElf =
      "\x7f"
      "ELF";
  if (line.starts_with(kElf)) return "";
  if (!line.starts_with("#!")) {
    return "its first line is no #! line, expected one such as #!/usr/bin/env python3";
  }
  if (line.ends_with('\r')) {
    return "its lines end with CR LF, expected LF alone: no interpreter would be found";
  }
  const auto begin = line.find_first_not_of(" \t", 2);
  const auto end = line.find_first_of(" \t", begin);
  if (begin == std::string::npos) return "its #! line names no interpreter";
  const std::string interpreter = line.substr(begin, end - begin);
  if (::access(interpreter.c_str(), X_OK) != 0) {
    return fmt::format("its interpreter {} is not here", interpreter);
  }
  return "";
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const auto [end, unused] = std::ranges::mismatch(folder, path);
  return end == folder.end();
}

bool looks_like_a_script(std::string_view word) {
  constexpr std::string_view kEndings[] = {".py", ".sh", ".bash", ".js", ".rb", ".pl"};
  return !word.starts_with('-') && word.find(' ') == std::string_view::npos &&
         std::ranges::any_of(kEndings, [word](auto ending) { return word.ends_with(ending); });
}

}  // namespace

base::Result<std::string> read_small_file(const fs::path& file, std::size_t bytes_max) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return base::invalid("missing, expected a file");
  std::ifstream in(file, std::ios::binary);
  std::string text(bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (!in.is_open() || in.bad()) return base::invalid("cannot be read");
  if (text.size() > bytes_max) {
    return base::invalid(fmt::format("larger than {} bytes", bytes_max));
  }
  return text;
}

std::optional<std::string> json_problem(std::string_view text) {
  try {
    static_cast<void>(Json::parse(text));
  } catch (const Json::parse_error& error) {
    const std::string_view before = text.substr(0, error.byte == 0 ? 0 : error.byte - 1);
    const auto line = std::ranges::count(before, '\n') + 1;
    const auto last = before.rfind('\n');
    const auto column = before.size() - (last == std::string_view::npos ? 0 : last + 1) + 1;
    return fmt::format("line {}, column {}: not JSON (a comma too many, a quote too few?)", line,
                       column);
  } catch (const Json::exception&) {
    return "a number that is too large";
  }
  const auto checked = check_json(text, "it", kSchemaBytesMax);
  if (!checked) return checked.error().message;
  return std::nullopt;
}

std::vector<std::string> check_files(const fs::path& folder) {
  std::vector<std::string> problems;
  std::error_code error;
  std::size_t count = 0;
  struct stat status {};
  if (::stat(folder.c_str(), &status) == 0) {
    if (auto problem = mode_problem(status); !problem.empty()) problems.push_back(".: " + problem);
  }
  fs::recursive_directory_iterator entries(folder, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    const fs::path name = entries->path().lexically_relative(folder);
    if (++count > kFilesMax) {
      problems.push_back(fmt::format("more than {} files, expected a small folder", kFilesMax));
      break;
    }
    if (::lstat(entries->path().c_str(), &status) != 0) continue;
    if (S_ISLNK(status.st_mode)) {
      const fs::path target = fs::weakly_canonical(entries->path(), error);
      if (!is_below(target, folder)) {
        problems.push_back(name.string() + ": a link that leads out of the folder");
      }
    } else if (auto problem = mode_problem(status); !problem.empty()) {
      problems.push_back(name.string() + ": " + problem);
    }
  }
  if (error) problems.push_back(fmt::format(".: cannot be read: {}", error.message()));
  return problems;
}

base::Result<std::string> find_program(const fs::path& folder,
                                       const std::vector<std::string>& command) {
  const std::string& word = command.front();
  for (std::size_t i = 1; i < command.size(); ++i) {
    std::error_code error;
    if (looks_like_a_script(command[i]) && !fs::exists(folder / command[i], error)) {
      return base::invalid(
          fmt::format("command[{}]: \"{}\" is not in the folder", i, command[i].substr(0, 80)));
    }
  }
  if (word.find('/') == std::string::npos) {
    std::string_view rest = kScriptPath;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(':'), rest.size());
      std::string candidate = std::string(rest.substr(0, end)) + "/" + word;
      if (::access(candidate.c_str(), X_OK) == 0) return candidate;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    std::error_code error;
    const bool beside = fs::exists(folder / word, error);
    return base::invalid(fmt::format("command[0]: no program \"{}\" in {}{}", word.substr(0, 80),
                                     kScriptPath,
                                     beside ? "; a file of the folder is called ./" + word : ""));
  }
  std::error_code error;
  const fs::path path = fs::weakly_canonical(folder / word, error);
  const bool absolute = word.starts_with('/');
  if (error || (!absolute && !is_below(path, folder))) {
    return base::invalid(
        fmt::format("command[0]: \"{}\" leads out of the folder", word.substr(0, 80)));
  }
  if (!fs::is_regular_file(path, error)) {
    return base::invalid(fmt::format("command[0]: \"{}\" is no file", word.substr(0, 80)));
  }
  if (::access(path.c_str(), X_OK) != 0) {
    return base::invalid(
        fmt::format("command[0]: \"{}\" cannot be executed: chmod +x", word.substr(0, 80)));
  }
  if (const auto problem = interpreter_problem(first_line(path)); !problem.empty()) {
    return base::invalid(fmt::format("command[0]: \"{}\": {}", word.substr(0, 80), problem));
  }
  return path.string();
}

}  // namespace consumers::oncall
