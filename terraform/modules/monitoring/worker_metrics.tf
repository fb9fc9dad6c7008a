# Alarms on what the workers put into CloudWatch themselves. What they know and SQS does not: how old
# a recycle is whichever delivery carries it, capacity, credentials, and that they are there at all.
locals {
  strategies = ["in-out", "other", "out-in", "out-in-timed"] # worker/metrics.cc

  exported = var.worker_metrics == null ? {} : {
    "worker-recycle-stuck" = {
      summary = "A recycle began more than ${var.stuck_recycle_hours} hours ago.", section = "recycle-stuck"
      metric  = "autorecycle_recycle_oldest_seconds", stat = "Maximum", of = [for each in local.strategies : { strategy = each }]
      all     = "MAX(METRICS())", operator = "GreaterThanThreshold", threshold = var.stuck_recycle_hours * 3600
      periods = 1, missing = "notBreaching"
    }
    "worker-below-floor" = {
      summary = "A group that is being recycled has less ready capacity than it should keep.", section = "below-floor"
      metric  = "autorecycle_capacity_margin", stat = "Minimum", of = [for each in local.strategies : { strategy = each }]
      all     = "MIN(METRICS())", operator = "LessThanThreshold", threshold = 0
      periods = 1, missing = "notBreaching"
    }
    "worker-credentials" = {
      summary = "A worker has no AWS credentials that can be used.", section = "credentials"
      metric  = "autorecycle_credentials_usable", stat = "Minimum", of = [{}]
      all     = "MIN(METRICS())", operator = "LessThanThreshold", threshold = 1
      periods = 1, missing = "notBreaching"
    }
    "worker-export-fails" = {
      summary = "Metrics were lost on their way to CloudWatch.", section = "export-fails"
      metric  = "autorecycle_exported_total", stat = "Sum", of = [{ exporter = "cloudwatch", result = "unknown" }]
      all     = "SUM(METRICS())", operator = "GreaterThanThreshold", threshold = 0
      periods = 3, missing = "notBreaching"
    }
    # Every worker puts this figure once a minute, whatever it does.
    "metrics-worker-silent" = {
      summary = "No worker puts metrics.", section = "worker-silent"
      metric  = "autorecycle_credentials_usable", stat = "SampleCount", of = [{}]
      all     = "SUM(METRICS())", operator = "LessThanThreshold", threshold = 1
      periods = 2, missing = "breaching"
    }
  }

  # Widget, metric, statistic and labels of what the workers put.
  worker_widgets = var.worker_metrics == null ? [] : [for each in [
    ["Recycles under way", "autorecycle_recycles_running", "Sum", ["phase", "strategy"]],
    ["Oldest recycle", "autorecycle_recycle_oldest_seconds", "Maximum", ["strategy"]],
    ["Recycles waiting", "autorecycle_recycles_waiting", "Sum", ["for"]],
    ["Capacity above the floor", "autorecycle_capacity_margin", "Minimum", ["strategy"]],
    ["Recycles ended", "autorecycle_recycles_total", "Sum", ["result", "strategy"]],
    ["Jobs ended", "autorecycle_jobs_total", "Sum", ["name", "result"]],
    ["Age of messages, p95", "autorecycle_message_age_seconds", "p95", ["queue"]],
    ["AWS requests", "autorecycle_aws_requests_total", "Sum", ["code", "operation", "service"]],
    ["Credentials expire in", "autorecycle_credentials_expiry_seconds", "Minimum", []],
    ["Event loop lag, p99", "autorecycle_event_loop_lag_seconds", "p99", []],
    ] : {
    title  = each[0]
    search = "SEARCH('{${join(",", concat([var.worker_metrics.namespace], keys(var.worker_metrics.dimensions), each[3]))}} MetricName=\"${each[1]}\"', '${each[2]}', 300)"
  }]
}

resource "aws_cloudwatch_metric_alarm" "exported" {
  for_each = local.exported

  alarm_name          = "${var.name_prefix}-${each.key}"
  alarm_description   = "${each.value.summary} What to do: ${local.runbook}#${each.value.section}"
  comparison_operator = each.value.operator
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags

  metric_query {
    id          = "all"
    label       = each.value.metric
    expression  = each.value.all
    return_data = true
  }

  dynamic "metric_query" {
    for_each = each.value.of
    content {
      id          = "m${metric_query.key}"
      return_data = false
      metric {
        namespace   = var.worker_metrics.namespace
        metric_name = each.value.metric
        dimensions  = merge(var.worker_metrics.dimensions, metric_query.value)
        period      = 300
        stat        = each.value.stat
      }
    }
  }
}
