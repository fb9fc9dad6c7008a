output "queues" {
  description = "Queues by role."
  value       = module.queues.queues
}

output "event_patterns" {
  description = "What the rules listen to."
  value       = module.events.event_patterns
}

output "alarm_names" {
  description = "Every alarm."
  value       = module.monitoring.alarm_names
}

output "operator_policy_json" {
  description = "A policy for people who plan and ask for recycles."
  value       = module.recycling.operator_policy_json
}
