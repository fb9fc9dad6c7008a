output "topic_arn" {
  description = "The topic that alarms are sent to."
  value       = local.topic_arn
}

output "alarm_names" {
  description = "Every alarm, by its section in the runbook (the silence of a worker by queue)."
  value = merge(
    { for name, alarm in aws_cloudwatch_metric_alarm.this : name => alarm.alarm_name },
    { for role, alarm in aws_cloudwatch_metric_alarm.silent : "${role}-worker-silent" => alarm.alarm_name },
    { for name, alarm in aws_cloudwatch_metric_alarm.exported : name => alarm.alarm_name },
  )
}

output "rollback_alarm_names" {
  description = "Alarms that speak against a deployment: failures and silence, not backlogs. For the module `worker`."
  value = concat(
    [for name in sort(keys(local.counted)) : "${var.name_prefix}-${name}"],
    [for role in local.roles : "${var.name_prefix}-${role}-worker-silent"],
  )
}

output "dashboard_name" {
  description = "The CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
