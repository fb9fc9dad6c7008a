output "task_role_arn" {
  description = "The worker's role. Give it to the module `events` as `ignored_role_arns`."
  value       = aws_iam_role.task.arn
}

output "task_statements" {
  description = "What the worker's role may do, by consumer: the statements of its policies."
  value       = { for who in local.granted : who => local.statements[who] }
}

output "operator_policy_json" {
  description = "A policy for people who run `autorecycle plan` and `autorecycle enqueue`."
  value = jsonencode({
    Version   = "2012-10-17"
    Statement = local.statements["operator"]
  })
}

output "dead_letters_policy_json" {
  description = "A policy for people who inspect, replay and purge dead letters: `autorecycle dlq`."
  value = jsonencode({
    Version   = "2012-10-17"
    Statement = local.statements["dead_letters"]
  })
}

output "log_group_name" {
  description = "The worker's log: JSON lines. The module `monitoring` counts in it."
  value       = aws_cloudwatch_log_group.this.name
}

output "service_names" {
  description = "ECS services: `stable`, and `canary` while there is one."
  value       = { for which, service in aws_ecs_service.this : which => service.name }
}

output "security_group_id" {
  description = "Security group of the tasks, to let a scraper in if `listen` is not on loopback."
  value       = aws_security_group.this.id
}
