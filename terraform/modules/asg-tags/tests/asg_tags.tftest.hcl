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
  }
  assert {
    condition = output.tags == {
      autorecycle_recycle_on_asg_update    = "true"
      autorecycle_strategy                 = "out-in-timed"
      autorecycle_recycle_window           = "22:00:00-05:30:00"
      autorecycle_exclude_window           = "23:00:00-23:30:00+01:00:00-01:10:00"
      autorecycle_time_zone                = "Europe/London"
      autorecycle_override_component_name  = "web"
      autorecycle_step_function_name       = "recycler"
      autorecycle_team                     = "platform"
      autorecycle_slack_monitoring_channel = "platform-alerts"
      autorecycle_notify_pager_duty        = "false"
      autorecycle_dry_run                  = "true"
    }
    error_message = "a variable without its tag"
  }
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
