#include "consumers/oncall/jobs/built_in.h"

namespace consumers::oncall {

Catalogue built_in_jobs(const Clients& clients, const BuiltInConfig& config) {
  using Make = std::unique_ptr<Job> (*)(const Clients&, const BuiltInConfig&);
  constexpr Make kJobs[] = {
      make_debug_asg,     make_debug_errors,     make_debug_logs,         make_debug_queue,
      make_debug_service, make_check_health,     make_complete_lifecycle, make_reboot_instance,
      make_recycle_asg,   make_restart_service,  make_restore_asg,        make_run_command,
      make_scale_service, make_test_integration, make_test_smoke,
  };
  Catalogue jobs;
  for (const Make make : kJobs) jobs.push_back(make(clients, config));
  return jobs;
}

}  // namespace consumers::oncall
