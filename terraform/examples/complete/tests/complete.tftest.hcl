mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { region = "eu-west-2" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/autorecycle-task" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-2:123456789012:key/1234abcd" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-west-2:123456789012:a-queue"
      url = "https://sqs.eu-west-2.amazonaws.com/123456789012/a-queue"
    }
  }
}

variables {
  environment = "staging"
  image       = "autorecycle:0.1.0"
  cluster = {
    arn  = "arn:aws:ecs:eu-west-2:123456789012:cluster/tools"
    name = "tools"
  }
  vpc_id     = "vpc-1"
  subnet_ids = ["subnet-1", "subnet-2"]
  group_name = "payments-asg-1"
  emails     = ["oncall@example.com"]
}

run "the_modules_fit_together" {
  assert {
    condition     = toset(keys(output.queues)) == toset(["events", "recycles", "oncall"])
    error_message = "three queues"
  }
  assert {
    condition     = length(output.alarm_names) == 20
    error_message = "every alarm"
  }
}

run "the_rules_do_not_hear_the_worker_itself" {
  assert {
    condition     = strcontains(output.event_patterns.groups, "arn:aws:iam::123456789012:role/autorecycle-task")
    error_message = "its role is left out"
  }
}

run "a_canary_is_one_variable" {
  variables {
    canary_image = "autorecycle:0.2.0"
  }
  assert {
    condition     = module.recycling.service_names.canary == "autorecycle-canary"
    error_message = "a second service"
  }
}
