#include "messages/decode.h"
#include "worker/cli.h"
#include "worker/commands.h"

#include <ostream>

namespace worker {

int run_decode(const std::string& body, std::ostream& out, std::ostream& err) {
  const auto message = messages::decode(body);
  if (!message) return fail(err, message.error().while_doing("decoding the message"));
  out << messages::describe(*message) << "\n";
  return kExitOk;
}

}  // namespace worker
