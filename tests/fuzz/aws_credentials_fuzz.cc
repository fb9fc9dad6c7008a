// Any bytes as what a credentials program or a metadata service printed, as a command line, and as
// a program's complaint: read or refused, without showing what may be a secret.
#include "aws/child_process.h"
#include "aws/credentials_json.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t kShownMax = 120;
constexpr std::size_t kErrorMax = 300;

// Between single quotes everything holds together, but for the single quote itself.
std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) {
    text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return text + "'";
}

void check_command(std::string_view text) {
  const auto words = aws::split_command(text);
  if (!words) return;
  std::string command;
  for (const std::string& word : *words) command += quoted(word) + " ";
  const auto again = aws::split_command(command);
  if (!again || *again != *words) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const aws::CredentialsNames& names :
       {aws::CredentialsNames{},
        aws::CredentialsNames{.token = "SessionToken", .temporary = false}}) {
    const auto credentials = aws::credentials_from_json(text, "the program", names);
    if (credentials && credentials->access_key_id.empty()) std::abort();
    if (!credentials && credentials.error().message.size() > kErrorMax) std::abort();
  }
  check_command(text);
  const std::string shown = aws::without_secrets(text, kShownMax);
  if (shown.find('\n') != std::string::npos) std::abort();
  return 0;
}
