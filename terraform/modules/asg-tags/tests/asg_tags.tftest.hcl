mock_provider "aws" {}

variables {
  group_name = "web-asg-1"
  strategy   = "out-in-timed"
}

run "two_tags_are_enough" {
  assert {
    condition     = output.tags == { autorecycle_recycle_on_asg_update = "true", autorecycle_strategy = "out-in-timed" }
    error_message = "what is not set has no tag"
  }
  assert {
    condition     = alltrue([for tag in aws_autoscaling_group_tag.this : tag.tag[0].propagate_at_launch == false && tag.autoscaling_group_name == "web-asg-1"])
    error_message = "on the group, not on its instances"
  }
}

run "everything_that_is_set_has_its_tag" {
  variables {
    recycle_window           = "22:00:00-05:30:00"
    exclude_windows          = ["23:00:00-23:30:00", "01:00:00-01:10:00"]
    time_zone                = "Europe/London"
    component                = "web"
    step_function_name       = "recycler"
    team                     = "platform"
    slack_monitoring_channel = "platform-alerts"
    notify_pager_duty        = false
    dry_run                  = true
    window_closes            = "pause"
    max_size_limit           = 12
    standby_instances        = "skip"
    protected_instances      = "include"
    rollback_on_failure      = true
    gates = {
      min_age               = "2m"
      http                  = "http:8080/healthz"
      http_status           = "200-299"
      http_request_timeout  = "5s"
      command               = "smoke"
      command_run_timeout   = "30s"
      alarms                = ["web-5xx", "web-latency"]
      bake                  = "10m"
      health_timeout        = "10m"
      load_balancer_timeout = "10m"
      min_age_timeout       = "10m"
      http_timeout          = "10m"
      command_timeout       = "10m"
      alarms_timeout        = "1h"
    }
    hooks = {
      before_start     = "announce"
      before_terminate = "drain"
      after_end        = "announce"
      timeout          = "30s"
      failure          = "continue"
    }
  }
  assert {
    condition = output.tags == {
      autorecycle_recycle_on_asg_update      = "true"
      autorecycle_strategy                   = "out-in-timed"
      autorecycle_recycle_window             = "22:00:00-05:30:00"
      autorecycle_exclude_window             = "23:00:00-23:30:00+01:00:00-01:10:00"
      autorecycle_time_zone                  = "Europe/London"
      autorecycle_override_component_name    = "web"
      autorecycle_step_function_name         = "recycler"
      autorecycle_team                       = "platform"
      autorecycle_slack_monitoring_channel   = "platform-alerts"
      autorecycle_notify_pager_duty          = "false"
      autorecycle_dry_run                    = "true"
      autorecycle_window_closes              = "pause"
      autorecycle_max_size_limit             = "12"
      autorecycle_standby_instances          = "skip"
      autorecycle_protected_instances        = "include"
      autorecycle_rollback_on_failure        = "true"
      autorecycle_gate_min_age               = "2m"
      autorecycle_gate_http                  = "http:8080/healthz"
      autorecycle_gate_http_status           = "200-299"
      autorecycle_gate_http_request_timeout  = "5s"
      autorecycle_gate_command               = "smoke"
      autorecycle_gate_command_run_timeout   = "30s"
      autorecycle_gate_alarms                = "web-5xx+web-latency"
      autorecycle_gate_bake                  = "10m"
      autorecycle_gate_health_timeout        = "10m"
      autorecycle_gate_load_balancer_timeout = "10m"
      autorecycle_gate_min_age_timeout       = "10m"
      autorecycle_gate_http_timeout          = "10m"
      autorecycle_gate_command_timeout       = "10m"
      autorecycle_gate_alarms_timeout        = "1h"
      autorecycle_hook_before_start          = "announce"
      autorecycle_hook_before_terminate      = "drain"
      autorecycle_hook_after_end             = "announce"
      autorecycle_hook_timeout               = "30s"
      autorecycle_hook_failure               = "continue"
    }
    error_message = "a variable without its tag"
  }
}

run "a_default_of_the_worker_can_be_switched_off" {
  variables {
    gates = { http = "off", bake = "off" }
  }
  assert {
    condition     = output.tags.autorecycle_gate_http == "off" && output.tags.autorecycle_gate_bake == "off"
    error_message = "off is a value"
  }
}

run "gates_and_choices_that_nobody_understands_are_refused" {
  command = plan
  variables {
    window_closes       = "stop"
    max_size_limit      = 0
    standby_instances   = "ignore"
    protected_instances = "ignore"
    gates               = { http = "http://elsewhere/", bake = "soon", http_status = "fine" }
    hooks               = { failure = "ignore" }
  }
  expect_failures = [var.window_closes, var.max_size_limit, var.standby_instances, var.protected_instances, var.gates, var.hooks]
}

run "switched_off_is_a_value_not_an_absence" {
  variables {
    enabled = false
  }
  assert {
    condition     = output.tags.autorecycle_recycle_on_asg_update == "false"
    error_message = "the switch stays visible"
  }
}

run "without_a_group_only_the_tags_are_computed" {
  variables {
    group_name = null
  }
  assert {
    condition     = length(aws_autoscaling_group_tag.this) == 0 && length(output.tags) == 2
    error_message = "for groups that declare their own tags"
  }
}

run "an_unknown_strategy_is_refused" {
  command = plan
  variables {
    strategy = "outin"
  }
  expect_failures = [var.strategy]
}

run "a_window_that_nobody_waits_for_is_refused" {
  command = plan
  variables {
    strategy        = "out-in"
    recycle_window  = "22:00:00-05:30:00"
    exclude_windows = ["23:00:00-23:30:00"]
  }
  expect_failures = [var.recycle_window, var.exclude_windows]
}

run "a_time_that_does_not_exist_is_refused" {
  command = plan
  variables {
    recycle_window = "24:00:00-05:30:00"
  }
  expect_failures = [var.recycle_window]
}

run "a_time_zone_without_a_name_is_refused" {
  command = plan
  variables {
    time_zone = "+01:00"
  }
  expect_failures = [var.time_zone]
}

run "a_group_and_a_state_machine_that_cannot_be_are_refused" {
  command = plan
  variables {
    group_name         = "web:1"
    step_function_name = "re cycle"
  }
  expect_failures = [var.group_name, var.step_function_name]
}
