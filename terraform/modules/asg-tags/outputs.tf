output "tags" {
  description = "The tags, for a group that writes its own: `dynamic \"tag\"` with `propagate_at_launch = false`."
  value       = local.tags
}
