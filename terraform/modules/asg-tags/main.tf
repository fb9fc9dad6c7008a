locals {
  optional = {
    autorecycle_recycle_window           = var.recycle_window
    autorecycle_exclude_window           = length(var.exclude_windows) == 0 ? null : join("+", var.exclude_windows)
    autorecycle_time_zone                = var.time_zone
    autorecycle_window_closes            = var.window_closes
    autorecycle_max_size_limit           = var.max_size_limit == null ? null : tostring(var.max_size_limit)
    autorecycle_standby_instances        = var.standby_instances
    autorecycle_protected_instances      = var.protected_instances
    autorecycle_rollback_on_failure      = var.rollback_on_failure == null ? null : tostring(var.rollback_on_failure)
    autorecycle_override_component_name  = var.component
    autorecycle_step_function_name       = var.step_function_name
    autorecycle_team                     = var.team
    autorecycle_slack_monitoring_channel = var.slack_monitoring_channel
    autorecycle_notify_pager_duty        = var.notify_pager_duty == null ? null : tostring(var.notify_pager_duty)
    autorecycle_dry_run                  = var.dry_run ? "true" : null
  }

  gates = merge(var.gates, { alarms = var.gates.alarms == null ? null : join("+", var.gates.alarms) })
  given = merge(
    local.optional,
    { for name, value in local.gates : "autorecycle_gate_${name}" => value },
    { for name, value in var.hooks : "autorecycle_hook_${name}" => value },
  )

  tags = merge(
    {
      autorecycle_recycle_on_asg_update = tostring(var.enabled)
      autorecycle_strategy              = var.strategy
    },
    { for key, value in local.given : key => value if value != null },
  )
}

resource "aws_autoscaling_group_tag" "this" {
  for_each = var.group_name == null ? {} : local.tags

  autoscaling_group_name = var.group_name

  tag {
    key                 = each.key
    value               = each.value
    propagate_at_launch = false # instances are no business of these tags
  }
}
