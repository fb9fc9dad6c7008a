mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-west-2" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-2:123456789012:pager" }
  }
}

run "one_queue_is_enough" {
  variables {
    image      = "autorecycle:0.1.0"
    cluster    = { arn = "arn:aws:ecs:eu-west-2:123456789012:cluster/tools", name = "tools" }
    vpc_id     = "vpc-1"
    subnet_ids = ["subnet-1"]
  }
  assert {
    condition     = output.queue_url != ""
    error_message = "the queue of jobs"
  }
}
