mock_provider "aws" {}

run "every_queue_has_a_dead_letter_queue_of_its_kind" {
  assert {
    condition     = toset(keys(aws_sqs_queue.dead_letters)) == toset(["events", "recycles", "oncall"])
    error_message = "a queue without a dead-letter queue"
  }
  assert {
    condition = alltrue([for role, queue in aws_sqs_queue.this :
    coalesce(queue.fifo_queue, false) == coalesce(aws_sqs_queue.dead_letters[role].fifo_queue, false)])
    error_message = "a FIFO queue takes only a FIFO dead-letter queue"
  }
  assert {
    condition     = [for role, queue in aws_sqs_queue.this : role if coalesce(queue.fifo_queue, false)] == ["recycles"]
    error_message = "recycles is FIFO, so that one component is recycled once at a time; the others are not"
  }
  assert {
    condition     = aws_sqs_queue.dead_letters["recycles"].name == "autorecycle-recycles-dlq.fifo"
    error_message = "the name of a FIFO queue ends in .fifo"
  }
  assert {
    condition = alltrue([for role, queue in aws_sqs_queue.this :
    jsondecode(queue.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letters[role].arn, maxReceiveCount = 5 }])
    error_message = "each queue's redrive policy names its own dead-letter queue"
  }
  assert {
    condition = alltrue([for role, allow in aws_sqs_queue_redrive_allow_policy.this :
    jsondecode(allow.redrive_allow_policy).sourceQueueArns == [aws_sqs_queue.this[role].arn]])
    error_message = "only its own queue may use a dead-letter queue"
  }
}

run "dead_letters_are_kept_longest" {
  variables {
    retention_days = 13
  }
  assert {
    condition     = alltrue([for queue in aws_sqs_queue.dead_letters : queue.message_retention_seconds == 1209600])
    error_message = "14 days"
  }
  assert {
    condition     = alltrue([for queue in aws_sqs_queue.this : queue.message_retention_seconds < 1209600])
    error_message = "a message keeps its age when SQS moves it"
  }
}

run "queues_are_encrypted_without_a_key_too" {
  assert {
    condition = alltrue([for queue in concat(values(aws_sqs_queue.this), values(aws_sqs_queue.dead_letters)) :
    queue.sqs_managed_sse_enabled])
    error_message = "SQS's own encryption"
  }
}

run "a_key_replaces_the_encryption_by_sqs" {
  variables {
    kms_key = { arn = "arn:aws:kms:eu-west-2:123456789012:key/1234abcd" }
  }
  assert {
    condition = alltrue([for queue in concat(values(aws_sqs_queue.this), values(aws_sqs_queue.dead_letters)) :
    queue.kms_master_key_id == var.kms_key.arn])
    error_message = "the key is used everywhere"
  }
}

run "every_policy_but_the_events_modules_is_written_here" {
  assert {
    condition     = toset(keys(aws_sqs_queue_policy.tls_only)) == toset(["recycles", "oncall", "events-dlq", "recycles-dlq", "oncall-dlq"])
    error_message = "two policies of one queue overwrite each other"
  }
}

run "without_the_events_module_no_queue_is_left_out" {
  variables {
    events_policy_elsewhere = false
  }
  assert {
    condition     = length(aws_sqs_queue_policy.tls_only) == 6
    error_message = "a queue without a policy"
  }
}

run "one_queue_alone_is_possible" {
  variables {
    roles = ["oncall"]
  }
  assert {
    condition     = keys(output.queues) == ["oncall"] && output.queues.oncall.name == "oncall-jobs"
    error_message = "only what was asked for"
  }
}

run "an_unknown_role_is_refused" {
  command = plan
  variables {
    roles = ["events", "recycle"]
  }
  expect_failures = [var.roles]
}

run "a_recycles_queue_that_is_not_fifo_is_refused" {
  command = plan
  variables {
    names = { recycles = "autorecycle-recycles" }
  }
  expect_failures = [var.names]
}

run "retention_as_long_as_the_dead_letters_is_refused" {
  command = plan
  variables {
    retention_days = 14
  }
  expect_failures = [var.retention_days]
}

run "an_alias_is_no_key" {
  command = plan
  variables {
    kms_key = { arn = "arn:aws:kms:eu-west-2:123456789012:alias/queues" }
  }
  expect_failures = [var.kms_key]
}

run "too_few_receives_are_refused" {
  command = plan
  variables {
    max_receive_count = 1
  }
  expect_failures = [var.max_receive_count]
}
