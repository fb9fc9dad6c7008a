#include "messages/decode.h"
#include "worker/cli.h"
#include "worker/commands.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <ostream>

namespace worker {
namespace {

void print_table(const nlohmann::ordered_json& message, std::ostream& out) {
  for (const auto& [name, value] : message.items()) {
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    out << fmt::format("{:<22}  {}\n", name, text);
  }
}

}  // namespace

int run_decode(const std::string& body, Output output, std::ostream& out, std::ostream& err) {
  const auto message = messages::decode(body);
  if (!message) return fail(err, message.error().while_doing("decoding the message"));
  const std::string described = messages::describe(*message);
  if (output == Output::kJson)
    out << described << "\n";
  else
    print_table(nlohmann::ordered_json::parse(described, nullptr, false), out);
  return kExitOk;
}

}  // namespace worker
