mock_provider "aws" {
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-west-2:123456789012:rule/mocked" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-west-2:123456789012:autorecycle-events-undelivered"
      url = "https://sqs.eu-west-2.amazonaws.com/123456789012/autorecycle-events-undelivered"
    }
  }
}

variables {
  queue = {
    arn = "arn:aws:sqs:eu-west-2:123456789012:autorecycle-events"
    url = "https://sqs.eu-west-2.amazonaws.com/123456789012/autorecycle-events"
  }
}

run "rules_watch_groups_and_templates" {
  assert {
    condition     = toset(keys(output.event_patterns)) == toset(["groups", "launch-templates"])
    error_message = "nothing that nobody acts on"
  }
  assert {
    condition     = alltrue([for pattern in values(output.event_patterns) : jsondecode(pattern).detail.errorCode == [{ exists = false }]])
    error_message = "calls that failed are no news"
  }
  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.queue : target.arn == var.queue.arn])
    error_message = "every rule sends to the events queue"
  }
  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.queue : target.dead_letter_config[0].arn == aws_sqs_queue.undelivered.arn])
    error_message = "what cannot be delivered is kept"
  }
}

run "only_our_rules_may_send" {
  assert {
    condition = alltrue([for policy in aws_sqs_queue_policy.this : alltrue([
      for statement in jsondecode(policy.policy).Statement : statement.Effect == "Deny" || (
        statement.Principal == { Service = "events.amazonaws.com" } &&
        statement.Action == "sqs:SendMessage" &&
        statement.Condition == { ArnEquals = { "aws:SourceArn" = values(output.rule_arns) } }
    )])])
    error_message = "a statement that allows more than our rules to send"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue_policy.this["queue"].policy).Statement[0].Resource == var.queue.arn
    error_message = "the policy is about its own queue"
  }
}

run "the_workers_own_calls_can_be_left_out" {
  variables {
    ignored_role_arns = ["arn:aws:iam::123456789012:role/autorecycle"]
  }
  assert {
    condition     = length(jsondecode(output.event_patterns.groups).detail["$or"]) == 2
    error_message = "with a session of another role, or without a session at all"
  }
}

run "instance_events_are_opt_in" {
  variables {
    instance_events = true
  }
  assert {
    condition     = contains(keys(output.event_patterns), "instances")
    error_message = "asked for and not there"
  }
}

run "rules_can_be_switched_off" {
  variables {
    enabled = false
  }
  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.this : rule.state == "DISABLED"])
    error_message = "a rule is still on"
  }
}

run "a_fifo_queue_is_refused" {
  command = plan
  variables {
    queue = {
      arn = "arn:aws:sqs:eu-west-2:123456789012:autorecycle-recycles.fifo"
      url = "https://sqs.eu-west-2.amazonaws.com/123456789012/autorecycle-recycles.fifo"
    }
  }
  expect_failures = [var.queue]
}

run "a_session_is_no_role" {
  command = plan
  variables {
    ignored_role_arns = ["arn:aws:sts::123456789012:assumed-role/autorecycle/task"]
  }
  expect_failures = [var.ignored_role_arns]
}

run "a_name_that_no_rule_can_have_is_refused" {
  command = plan
  variables {
    name_prefix = "auto recycle"
    kms_key     = { arn = "arn:aws:kms:eu-west-2:123456789012:alias/queues" }
  }
  expect_failures = [var.name_prefix, var.kms_key]
}
