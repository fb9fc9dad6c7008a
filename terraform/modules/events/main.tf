locals {
  # A call that failed changed nothing. A call without a session (an IAM user's) has no issuer, and
  # anything-but alone would not match it.
  succeeded = { errorCode = [{ exists = false }] }
  not_ours = length(var.ignored_role_arns) == 0 ? {} : {
    "$or" = [
      { userIdentity = { sessionContext = { sessionIssuer = { arn = [{ exists = false }] } } } },
      { userIdentity = { sessionContext = { sessionIssuer = { arn = [{ anything-but = var.ignored_role_arns }] } } } },
    ]
  }

  patterns = merge({
    groups = {
      source      = ["aws.autoscaling"]
      detail-type = ["AWS API Call via CloudTrail"]
      detail = merge(local.succeeded, local.not_ours, {
        eventSource = ["autoscaling.amazonaws.com"]
        eventName   = ["CreateOrUpdateTags", "DeleteTags", "UpdateAutoScalingGroup"]
      })
    }
    launch-templates = {
      source      = ["aws.ec2"]
      detail-type = ["AWS API Call via CloudTrail"]
      detail = merge(local.succeeded, {
        eventSource = ["ec2.amazonaws.com"]
        eventName   = ["CreateLaunchTemplateVersion", "ModifyLaunchTemplate"]
      })
    }
    }, var.instance_events ? {
    instances = {
      source = ["aws.autoscaling"]
      detail-type = [
        { prefix = "EC2 Instance Launch " },
        { prefix = "EC2 Instance Terminate " },
        { prefix = "EC2 Instance-launch Lifecycle Action" },
        { prefix = "EC2 Instance-terminate Lifecycle Action" },
        { prefix = "EC2 Auto Scaling Instance Refresh " },
      ]
    }
  } : {})

  descriptions = {
    groups           = "Calls that change Auto Scaling groups or their tags"
    launch-templates = "Calls that change launch templates: groups on $Latest and $Default say nothing themselves"
    instances        = "What Auto Scaling says about instances"
  }

  rule_arns = [for rule in aws_cloudwatch_event_rule.this : rule.arn]
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.patterns

  name          = "${var.name_prefix}-${each.key}"
  description   = local.descriptions[each.key]
  event_pattern = jsonencode(each.value)
  state         = var.enabled ? "ENABLED" : "DISABLED"
  tags          = var.tags
}

resource "aws_cloudwatch_event_target" "queue" {
  for_each = local.patterns

  rule      = aws_cloudwatch_event_rule.this[each.key].name
  target_id = "events-queue"
  arn       = var.queue.arn

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
}

# What EventBridge could not deliver for a day: a queue that is gone, a policy or a key that forbids.
resource "aws_sqs_queue" "undelivered" {
  name                      = "${var.name_prefix}-events-undelivered"
  message_retention_seconds = 1209600
  max_message_size          = 1048576
  kms_master_key_id         = try(var.kms_key.arn, null)
  sqs_managed_sse_enabled   = var.kms_key == null ? true : null
  tags                      = merge(var.tags, { "autorecycle:role" = "events-undelivered" })
}

resource "aws_sqs_queue_policy" "this" {
  for_each = {
    queue       = { url = var.queue.url, arn = var.queue.arn }
    undelivered = { url = aws_sqs_queue.undelivered.url, arn = aws_sqs_queue.undelivered.arn }
  }

  queue_url = each.value.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyOurRules"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = each.value.arn
        Condition = { ArnEquals = { "aws:SourceArn" = local.rule_arns } }
      },
      {
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = each.value.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
