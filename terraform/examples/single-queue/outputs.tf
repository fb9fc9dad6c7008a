output "queue_url" {
  description = "Where jobs are sent."
  value       = module.queues.queues["oncall"].url
}
