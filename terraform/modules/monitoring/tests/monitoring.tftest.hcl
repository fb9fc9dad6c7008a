mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-west-2" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-2:123456789012:autorecycle-oncall" }
  }
}

variables {
  queues = {
    events   = { name = "autorecycle-events", dlq_name = "autorecycle-events-dlq" }
    recycles = { name = "autorecycle-recycles.fifo", dlq_name = "autorecycle-recycles-dlq.fifo" }
    oncall   = { name = "oncall-jobs", dlq_name = "oncall-jobs-dlq" }
  }
  log_group_names        = { recycling = "/autorecycle/autorecycle", oncall = "/autorecycle/oncall" }
  undelivered_queue_name = "autorecycle-events-undelivered"
}

run "every_failure_has_an_alarm" {
  assert {
    condition = toset(keys(output.alarm_names)) == toset([
      "events-oldest-message", "oncall-oldest-message", "recycle-stuck", "recycle-failed", "job-errors",
      "events-dead-letters", "recycles-dead-letters", "oncall-dead-letters", "events-undelivered",
      "events-dead-letters-old", "recycles-dead-letters-old", "oncall-dead-letters-old",
      "events-worker-silent", "recycles-worker-silent", "oncall-worker-silent",
    ])
    error_message = "an alarm is missing, or one has no section in the runbook"
  }
  assert {
    condition = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.this), values(aws_cloudwatch_metric_alarm.silent)) :
    alarm.alarm_actions == toset([output.topic_arn]) && alarm.ok_actions == toset([output.topic_arn])])
    error_message = "an alarm that tells nobody when it begins or ends"
  }
}

run "one_failed_job_in_five_minutes_is_enough" {
  assert {
    condition = alltrue([for name in ["job-errors", "recycle-failed"] :
      aws_cloudwatch_metric_alarm.this[name].threshold == 0 && aws_cloudwatch_metric_alarm.this[name].period == 300 &&
    aws_cloudwatch_metric_alarm.this[name].evaluation_periods == 1 && aws_cloudwatch_metric_alarm.this[name].statistic == "Sum"])
    error_message = "more than 0 in one period of 5 minutes"
  }
  assert {
    condition     = toset(keys(aws_cloudwatch_log_metric_filter.this)) == toset(["recycling-FailedRecycles", "recycling-JobErrors", "oncall-FailedRecycles", "oncall-JobErrors"])
    error_message = "counted in every worker's log"
  }
  assert {
    condition = alltrue([for filter in aws_cloudwatch_log_metric_filter.this :
      contains([for alarm in aws_cloudwatch_metric_alarm.this : "${alarm.namespace}/${alarm.metric_name}"],
    "${filter.metric_transformation[0].namespace}/${filter.metric_transformation[0].name}")])
    error_message = "a figure that is counted and not watched"
  }
}

run "what_workers_put_themselves_is_watched_and_shown" {
  variables {
    worker_metrics = { namespace = "Autorecycle/Worker", dimensions = { Environment = "test" } }
  }
  assert {
    condition = toset(keys(aws_cloudwatch_metric_alarm.exported)) == toset([
    "worker-recycle-stuck", "worker-below-floor", "worker-credentials", "worker-export-fails", "metrics-worker-silent"])
    error_message = "an alarm is missing"
  }
  assert {
    condition = alltrue(flatten([for alarm in aws_cloudwatch_metric_alarm.exported : [for query in alarm.metric_query : [for metric in query.metric :
    metric.namespace == "Autorecycle/Worker" && metric.dimensions["Environment"] == "test"]]]))
    error_message = "in the namespace and with the dimensions that the workers use"
  }
  assert {
    condition     = length(flatten([for query in aws_cloudwatch_metric_alarm.exported["worker-recycle-stuck"].metric_query : query.metric])) == 4
    error_message = "every strategy counts"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.exported["metrics-worker-silent"].treat_missing_data == "breaching"
    error_message = "who is gone puts nothing"
  }
  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "{Autorecycle/Worker,Environment,strategy}")
    error_message = "the dashboard searches in their namespace"
  }
}

run "without_metrics_of_their_own_nothing_waits_for_them" {
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.exported) == 0 && !strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "SEARCH")
    error_message = "an alarm about figures that nobody sends"
  }
}

run "silence_is_an_alarm_even_when_sqs_stops_counting" {
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.silent : alarm.treat_missing_data == "breaching"])
    error_message = "a queue that nobody touches has no figures at all"
  }
}

run "a_dead_letter_is_old_days_before_sqs_deletes_it" {
  assert {
    condition = alltrue([for role in ["events", "recycles", "oncall"] :
      aws_cloudwatch_metric_alarm.this["${role}-dead-letters-old"].threshold == 7 * 86400 &&
    aws_cloudwatch_metric_alarm.this["${role}-dead-letters-old"].dimensions.QueueName == var.queues[role].dlq_name])
    error_message = "seven days, in the dead-letter queues"
  }
}

run "a_stuck_recycle_is_measured_in_hours" {
  variables {
    stuck_recycle_hours = 2
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["recycle-stuck"].threshold == 7200 && aws_cloudwatch_metric_alarm.this["recycle-stuck"].dimensions.QueueName == "autorecycle-recycles.fifo"
    error_message = "two hours, in the queue of recycles"
  }
}

run "a_topic_that_exists_is_used" {
  variables {
    topic  = { arn = "arn:aws:sns:eu-west-2:123456789012:pager" }
    emails = ["oncall@example.com"]
  }
  assert {
    condition     = length(aws_sns_topic.oncall) == 0 && length(aws_sns_topic_subscription.email) == 0 && output.topic_arn == var.topic.arn
    error_message = "nothing is created beside it"
  }
}

run "without_on_call_jobs_there_are_no_alarms_about_them" {
  variables {
    queues = { recycles = { name = "autorecycle-recycles.fifo", dlq_name = "autorecycle-recycles-dlq.fifo" } }
  }
  assert {
    condition     = length([for name in keys(output.alarm_names) : name if strcontains(name, "oncall") || name == "job-errors"]) == 0
    error_message = "an alarm about a queue that does not exist"
  }
}

run "backlogs_do_not_undo_a_deployment" {
  assert {
    condition = output.rollback_alarm_names == [
      "autorecycle-job-errors", "autorecycle-recycle-failed",
      "autorecycle-events-worker-silent", "autorecycle-oncall-worker-silent", "autorecycle-recycles-worker-silent",
    ]
    error_message = "failures and silence only"
  }
  assert {
    condition     = length(setsubtract(output.rollback_alarm_names, values(output.alarm_names))) == 0
    error_message = "an alarm that does not exist"
  }
}

run "the_dashboard_shows_every_queue" {
  assert {
    condition = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets :
    length(widget.properties.metrics) == 3 if try(widget.properties.metrics[0][0], "") == "AWS/SQS"])
    error_message = "a queue without a line"
  }
}

run "a_limit_beyond_the_handover_is_refused" {
  command = plan
  variables {
    stuck_recycle_hours = 11
  }
  expect_failures = [var.stuck_recycle_hours]
}

run "an_unknown_queue_is_refused" {
  command = plan
  variables {
    queues = { event = { name = "a", dlq_name = "b" } }
  }
  expect_failures = [var.queues]
}

run "a_name_an_address_and_a_limit_that_cannot_be_are_refused" {
  command = plan
  variables {
    name_prefix            = "auto recycle"
    emails                 = ["nobody"]
    oldest_message_minutes = 0
    dead_letter_days       = 14
    worker_metrics         = { namespace = "AWS/Autorecycle" }
  }
  expect_failures = [var.name_prefix, var.emails, var.oldest_message_minutes, var.dead_letter_days, var.worker_metrics]
}
