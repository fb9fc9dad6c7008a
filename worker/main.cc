// autorecycle. The only file that names the concrete consumers and on-call jobs: a new kind of work
// is a folder in consumers/ and one line here.
#include "consumers/oncall/consumer.h"
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/replay_dlq.h"
#include "consumers/recycle/consumer.h"
#include "worker/program.h"

#include <iostream>

namespace {

worker::ConsumerList make_consumers(consumers::recycle::Services services,
                                    consumers::recycle::Config config,
                                    consumers::recycle::ProgressObserver observer,
                                    worker::Jobs& jobs) {
  worker::ConsumerList list;
  const auto eyes = consumers::recycle::make_observer(services);
  list.push_back(
      std::make_unique<consumers::recycle::IntakeConsumer>(services, config, observer, eyes));
  list.push_back(std::make_unique<consumers::recycle::RecycleConsumer>(services, config,
                                                                       std::move(observer), eyes));
  list.push_back(std::make_unique<consumers::oncall::OncallConsumer>(
      jobs.runner(), jobs.store(), services.clock, jobs.options()));
  return list;
}

consumers::oncall::Catalogue make_jobs(const worker::JobParts& parts) {
  auto jobs = consumers::oncall::built_in_jobs(parts.clients, parts.built_in);
  jobs.push_back(std::make_unique<consumers::oncall::ReplayDlqJob>(parts.replays));
  return jobs;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return worker::run_program({argv + 1, argv + argc}, worker::read_environment(), std::cin,
                               std::cout, std::cerr, {make_consumers, make_jobs});
  } catch (const std::exception& bug) {
    std::cerr << "autorecycle: bug: " << bug.what() << "\n";
    return 1;
  }
}
