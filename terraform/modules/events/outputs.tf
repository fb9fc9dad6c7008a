output "rule_arns" {
  description = "The rules, by what they watch: `groups`, `launch-templates`, `instances`."
  value       = { for name, rule in aws_cloudwatch_event_rule.this : name => rule.arn }
}

output "event_patterns" {
  description = "The rules' patterns as JSON, to try events on: `aws events test-event-pattern`."
  value       = { for name, rule in aws_cloudwatch_event_rule.this : name => rule.event_pattern }
}

output "undelivered_queue_name" {
  description = "The queue for events that EventBridge could not deliver; the module `monitoring` watches it."
  value       = aws_sqs_queue.undelivered.name
}
