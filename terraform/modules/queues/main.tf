locals {
  queues = { for role in var.roles : role => {
    name     = var.names[role]
    fifo     = endswith(var.names[role], ".fifo")
    dlq_name = endswith(var.names[role], ".fifo") ? "${trimsuffix(var.names[role], ".fifo")}-dlq.fifo" : "${var.names[role]}-dlq"
  } }

  day = 86400

  # The events queue's policy is the module events' affair, which adds EventBridge to it.
  with_own_policy = merge(
    { for role in var.roles : role => aws_sqs_queue.this[role]
    if role != "events" || !var.events_policy_elsewhere },
    { for role in var.roles : "${role}-dlq" => aws_sqs_queue.dead_letters[role] },
  )
}

resource "aws_sqs_queue" "this" {
  for_each = local.queues

  name                       = each.value.name
  fifo_queue                 = each.value.fifo ? true : null
  visibility_timeout_seconds = 60 # the worker sets its own with each receive
  receive_wait_time_seconds  = 20
  message_retention_seconds  = var.retention_days * local.day
  max_message_size           = 1048576
  kms_master_key_id          = try(var.kms_key.arn, null)
  sqs_managed_sse_enabled    = var.kms_key == null ? true : null
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[each.key].arn
    maxReceiveCount     = var.max_receive_count
  })
  tags = merge(var.tags, { "autorecycle:role" = each.key })
}

resource "aws_sqs_queue" "dead_letters" {
  for_each = local.queues

  name                      = each.value.dlq_name
  fifo_queue                = each.value.fifo ? true : null
  message_retention_seconds = 14 * local.day # the most that SQS has
  max_message_size          = 1048576
  kms_master_key_id         = try(var.kms_key.arn, null)
  sqs_managed_sse_enabled   = var.kms_key == null ? true : null
  tags                      = merge(var.tags, { "autorecycle:role" = "${each.key}-dlq" })
}

# Only its own queue may name a dead-letter queue as its target.
resource "aws_sqs_queue_redrive_allow_policy" "this" {
  for_each = local.queues

  queue_url = aws_sqs_queue.dead_letters[each.key].url
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this[each.key].arn]
  })
}

resource "aws_sqs_queue_policy" "tls_only" {
  for_each = local.with_own_policy

  queue_url = each.value.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = each.value.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
