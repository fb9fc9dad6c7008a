output "queues" {
  description = "By role: `name`, `arn`, `url`, `dlq_name`, `dlq_arn`, `dlq_url`. What the other modules take as `queues`."
  value = { for role in var.roles : role => {
    name     = aws_sqs_queue.this[role].name
    arn      = aws_sqs_queue.this[role].arn
    url      = aws_sqs_queue.this[role].url
    dlq_name = aws_sqs_queue.dead_letters[role].name
    dlq_arn  = aws_sqs_queue.dead_letters[role].arn
    dlq_url  = aws_sqs_queue.dead_letters[role].url
  } }
}
