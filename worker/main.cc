// autorecycle. The only file that names the concrete consumers: a new kind of work is a folder in
// consumers/ and one line here.
#include "consumers/oncall/consumer.h"
#include "consumers/oncall/replay_dlq.h"
#include "consumers/recycle/consumer.h"
#include "worker/program.h"

#include <iostream>

namespace {

worker::ConsumerList make_consumers(consumers::recycle::Services services,
                                    consumers::recycle::Config config,
                                    consumers::recycle::ProgressObserver observer,
                                    consumers::oncall::DeadLetterReplay& replays) {
  worker::ConsumerList list;
  const auto eyes = consumers::recycle::make_observer(services);
  list.push_back(
      std::make_unique<consumers::recycle::IntakeConsumer>(services, config, observer, eyes));
  list.push_back(std::make_unique<consumers::recycle::RecycleConsumer>(services, config,
                                                                       std::move(observer), eyes));
  consumers::oncall::Catalogue jobs;
  jobs.push_back(std::make_unique<consumers::oncall::ReplayDlqJob>(replays));
  list.push_back(
      std::make_unique<consumers::oncall::OncallConsumer>(std::move(jobs), services.clock));
  return list;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return worker::run_program({argv + 1, argv + argc}, worker::read_environment(), std::cin,
                               std::cout, std::cerr, make_consumers);
  } catch (const std::exception& bug) {
    std::cerr << "autorecycle: bug: " << bug.what() << "\n";
    return 1;
  }
}
