// autorecycle. The only file that names the concrete consumers: a new kind of work is a folder in
// consumers/ and one line here.
#include "consumers/recycle/consumer.h"
#include "worker/program.h"

#include <unistd.h>  // environ

#include <iostream>

namespace {

worker::ConsumerList make_consumers(consumers::recycle::Services services,
                                    consumers::recycle::Config config,
                                    consumers::recycle::ProgressObserver observer) {
  worker::ConsumerList list;
  list.push_back(std::make_unique<consumers::recycle::IntakeConsumer>(services, config));
  list.push_back(
      std::make_unique<consumers::recycle::RecycleConsumer>(services, config, std::move(observer)));
  return list;
}

worker::Settings read_environment() {
  worker::Settings variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return variables;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return worker::run_program({argv + 1, argv + argc}, read_environment(), std::cin, std::cout,
                               std::cerr, make_consumers);
  } catch (const std::exception& bug) {
    std::cerr << "autorecycle: bug: " << bug.what() << "\n";
    return 1;
  }
}
