locals {
  roles = sort(keys(var.queues))

  sqs = { for title, each in {
    "Waiting"        = { metric = "ApproximateNumberOfMessagesVisible", stat = "Maximum", of = "name" }
    "In hand"        = { metric = "ApproximateNumberOfMessagesNotVisible", stat = "Maximum", of = "name" }
    "Oldest message" = { metric = "ApproximateAgeOfOldestMessage", stat = "Maximum", of = "name" }
    "Dead letters"   = { metric = "ApproximateNumberOfMessagesVisible", stat = "Maximum", of = "dlq_name" }
    "Sent"           = { metric = "NumberOfMessagesSent", stat = "Sum", of = "name" }
    "Deleted"        = { metric = "NumberOfMessagesDeleted", stat = "Sum", of = "name" }
    } : title => {
    view    = "timeSeries"
    stacked = false
    region  = data.aws_region.current.region
    title   = title
    stat    = each.stat
    period  = 300
    yAxis   = { left = { min = 0 } }
    metrics = [for role in local.roles :
    ["AWS/SQS", each.metric, "QueueName", var.queues[role][each.of], { label = role }]]
  } }

  order = ["Waiting", "In hand", "Oldest message", "Dead letters", "Sent", "Deleted"]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name_prefix
  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type   = "alarm"
        x      = 0
        y      = 0
        width  = 24
        height = 3
        properties = {
          title = "Alarms"
          alarms = concat(
            [for alarm in aws_cloudwatch_metric_alarm.this : alarm.arn],
            [for alarm in aws_cloudwatch_metric_alarm.silent : alarm.arn],
            [for alarm in aws_cloudwatch_metric_alarm.exported : alarm.arn],
          )
        }
      }],
      [for index, title in local.order : {
        type       = "metric"
        x          = 12 * (index % 2)
        y          = 3 + 6 * floor(index / 2)
        width      = 12
        height     = 6
        properties = local.sqs[title]
      }],
      length(local.counted) == 0 ? [] : [{
        type   = "metric"
        x      = 0
        y      = 21
        width  = 24
        height = 6
        properties = {
          view    = "timeSeries"
          stacked = false
          region  = data.aws_region.current.region
          title   = "Failures"
          stat    = "Sum"
          period  = 300
          yAxis   = { left = { min = 0 } }
          metrics = [for name in sort(keys(local.counted)) : [local.namespace, local.counted[name].metric, { label = name }]]
        }
      }],
      [for index, each in local.worker_widgets : {
        type   = "metric"
        x      = 12 * (index % 2)
        y      = 27 + 6 * floor(index / 2)
        width  = 12
        height = 6
        properties = {
          view    = "timeSeries"
          stacked = false
          region  = data.aws_region.current.region
          title   = each.title
          metrics = [[{ expression = each.search }]]
        }
      }],
    )
  })
}
