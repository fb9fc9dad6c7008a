locals {
  topic_arn = var.topic == null ? aws_sns_topic.oncall[0].arn : var.topic.arn
  namespace = "Autorecycle" # of the figures counted in the log
  runbook   = "docs/runbook.md"

  by_queue = merge([for role, queue in var.queues : merge(
    {
      "${role}-dead-letters" = {
        summary   = "Messages in ${queue.dlq_name}.", section = "dead-letters"
        namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", queue = queue.dlq_name
        statistic = "Maximum", threshold = 0, periods = 1, missing = "notBreaching"
      }
      "${role}-dead-letters-old" = {
        summary   = "A message of ${queue.dlq_name} is ${var.dead_letter_days} days old; SQS deletes it after 14.", section = "dead-letters-old"
        namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", queue = queue.dlq_name
        statistic = "Maximum", threshold = var.dead_letter_days * 86400, periods = 1, missing = "notBreaching"
      }
    },
    role == "recycles" ? {
      "recycle-stuck" = {
        summary   = "A recycle takes longer than ${var.stuck_recycle_hours} hours.", section = "recycle-stuck"
        namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", queue = queue.name
        statistic = "Maximum", threshold = var.stuck_recycle_hours * 3600, periods = 1, missing = "notBreaching"
      }
      } : {
      "${role}-oldest-message" = {
        summary   = "A message of ${queue.name} waits longer than ${var.oldest_message_minutes} minutes.", section = "oldest-message"
        namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", queue = queue.name
        statistic = "Maximum", threshold = var.oldest_message_minutes * 60, periods = 1, missing = "notBreaching"
      }
    },
  )]...)

  of_events = var.undelivered_queue_name == null ? {} : {
    "events-undelivered" = {
      summary   = "Events that EventBridge could not deliver.", section = "events-undelivered"
      namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", queue = var.undelivered_queue_name
      statistic = "Maximum", threshold = 0, periods = 1, missing = "notBreaching"
    }
  }

  counted = {
    for name, each in {
      recycle-failed = { role = "recycles", metric = "FailedRecycles", summary = "A recycle failed." }
      job-errors     = { role = "oncall", metric = "JobErrors", summary = "An on-call job failed." }
      } : name => merge(each, {
        section   = name
        namespace = local.namespace, queue = null
        statistic = "Sum", threshold = 0, periods = 1, missing = "notBreaching"
    }) if contains(keys(var.queues), each.role) && length(var.log_group_names) > 0
  }

  alarms = merge(local.by_queue, local.of_events, local.counted)

  # What the worker says of each message, at level info: worker/settler.cc.
  patterns = {
    FailedRecycles = "{ $.message = \"message handled\" && $.queue = \"recycles\" && $.verdict = \"poison\" }"
    JobErrors      = "{ $.message = \"message handled\" && $.queue = \"oncall\" && ($.verdict = \"poison\" || $.verdict = \"retry\") }"
  }
  filters = merge([for log, group in var.log_group_names : {
    for name, each in local.counted : "${log}-${each.metric}" => { metric = each.metric, group = group }
  }]...)
}

resource "aws_sns_topic" "oncall" {
  count = var.topic == null ? 1 : 0

  name              = "${var.name_prefix}-oncall"
  kms_master_key_id = var.topic_kms_key
  tags              = var.tags
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.topic == null ? var.emails : []

  topic_arn = local.topic_arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.filters

  name           = "${var.name_prefix}-${each.key}"
  log_group_name = each.value.group
  pattern        = local.patterns[each.value.metric]

  metric_transformation {
    namespace     = local.namespace
    name          = each.value.metric
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name_prefix}-${each.key}"
  alarm_description   = "${each.value.summary} What to do: ${local.runbook}#${each.value.section}"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.queue == null ? null : { QueueName = each.value.queue }
  statistic           = each.value.statistic
  period              = 300
  evaluation_periods  = each.value.periods
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags
}

# An idle worker polls three times a minute and SQS counts that, so silence is a fact about workers
# and needs no word from them. SQS stops counting for a queue that nobody touches: missing is bad.
resource "aws_cloudwatch_metric_alarm" "silent" {
  for_each = var.queues

  alarm_name          = "${var.name_prefix}-${each.key}-worker-silent"
  alarm_description   = "Nobody polls ${each.value.name}. What to do: ${local.runbook}#worker-silent"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = 2
  treat_missing_data  = "breaching"
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags

  metric_query {
    id          = "polls"
    label       = "Receives"
    expression  = "FILL(empty, 0) + FILL(received, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { empty = "NumberOfEmptyReceives", received = "NumberOfMessagesReceived" }
    content {
      id          = metric_query.key
      return_data = false
      metric {
        namespace   = "AWS/SQS"
        metric_name = metric_query.value
        dimensions  = { QueueName = each.value.name }
        period      = 300
        stat        = "Sum"
      }
    }
  }
}

data "aws_region" "current" {}
