// The files of a script's folder: are they there, can they be run, and by nobody else be changed.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace consumers::oncall {

// kInvalid "missing", "larger than ...", "cannot be read".
base::Result<std::string> read_small_file(const std::filesystem::path& file, std::size_t bytes_max);

// "line 3, column 7: not JSON, ..."; none if it is JSON within the limits.
std::optional<std::string> json_problem(std::string_view text);

// Of every file: "run.sh: mode 0777 ...".
std::vector<std::string> check_files(const std::filesystem::path& folder);

// The absolute path of command[0]: with a slash it is in the folder (or absolute), without one it
// is looked for in the directories that scripts get as PATH. kInvalid says what is wrong with the
// command.
base::Result<std::string> find_program(const std::filesystem::path& folder,
                                       const std::vector<std::string>& command);

// PATH of scripts.
inline constexpr std::string_view kScriptPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

}  // namespace consumers::oncall
