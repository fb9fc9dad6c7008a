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
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-2:123456789012:log-group:/autorecycle/autorecycle" }
  }
}

variables {
  image = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/autorecycle:0.1.0"
  cluster = {
    arn  = "arn:aws:ecs:eu-west-2:123456789012:cluster/tools"
    name = "tools"
  }
  vpc_id     = "vpc-1"
  subnet_ids = ["subnet-1", "subnet-2"]
  queues = {
    events = {
      name    = "autorecycle-events"
      arn     = "arn:aws:sqs:eu-west-2:123456789012:autorecycle-events"
      dlq_arn = "arn:aws:sqs:eu-west-2:123456789012:autorecycle-events-dlq"
    }
    recycles = {
      name    = "autorecycle-recycles.fifo"
      arn     = "arn:aws:sqs:eu-west-2:123456789012:autorecycle-recycles.fifo"
      dlq_arn = "arn:aws:sqs:eu-west-2:123456789012:autorecycle-recycles-dlq.fifo"
    }
    oncall = {
      name    = "oncall-jobs"
      arn     = "arn:aws:sqs:eu-west-2:123456789012:oncall-jobs"
      dlq_arn = "arn:aws:sqs:eu-west-2:123456789012:oncall-jobs-dlq"
    }
  }
}

run "the_role_may_do_what_the_table_says_and_nothing_else" {
  assert {
    condition     = keys(output.task_statements) == ["intake", "queues", "recycle"]
    error_message = "one policy for each consumer, and one for the queues"
  }
  assert {
    condition = alltrue([for who, statements in output.task_statements : alltrue([
      for statement in statements : contains([for row in jsondecode(file("./permissions.json"))[who] : row.actions], statement.Action)
    ])])
    error_message = "an action that is not in permissions.json"
  }
  assert {
    condition = alltrue(flatten([for statements in values(output.task_statements) : [
      for statement in statements : statement.Resource != ["*"] || alltrue([for action in statement.Action : can(regex(":Describe", action))])
    ]]))
    error_message = "something that is not a Describe call is allowed on everything"
  }
  assert {
    condition     = output.task_statements.queues[0].Resource == [var.queues.events.arn, var.queues.recycles.arn]
    error_message = "only the queues that its consumers read"
  }
}

run "only_tagged_groups_can_be_changed" {
  assert {
    condition = alltrue([for statement in output.task_statements.recycle :
      statement.Condition.StringEqualsIgnoreCase["aws:ResourceTag/autorecycle_recycle_on_asg_update"] == "true"
    if contains(["ChangeTaggedGroups", "WriteJournal"], statement.Sid)])
    error_message = "the switch of the tags is also a wall"
  }
  assert {
    condition = one([for statement in output.task_statements.recycle : statement.Condition["ForAllValues:StringLike"]["aws:TagKeys"]
    if statement.Sid == "WriteJournal"]) == ["autorecycle:*"]
    error_message = "the worker writes no tags but its journal: least of all the ones that steer it"
  }
}

run "untagged_groups_can_be_allowed" {
  variables {
    require_group_tag = false
  }
  assert {
    condition     = one([for statement in output.task_statements.recycle : try(statement.Condition, null) if statement.Sid == "ChangeTaggedGroups"]) == null
    error_message = "no condition on the tag"
  }
  assert {
    condition     = one([for statement in output.task_statements.recycle : keys(statement.Condition) if statement.Sid == "WriteJournal"]) == ["ForAllValues:StringLike"]
    error_message = "the keys stay limited"
  }
}

run "on_call_jobs_touch_nothing_that_is_not_named" {
  variables {
    name      = "oncall"
    consumers = ["oncall"]
  }
  assert {
    condition     = keys(output.task_statements) == ["oncall", "outcomes", "queues"]
    error_message = "a service has the permissions of its own consumers only"
  }
  assert {
    condition = sort([for statement in output.task_statements.oncall : statement.Sid]) == sort([
    "See", "SeeQueues", "SampleDeadLetters", "AskForRecycles", "CancelRecycles", "CompleteLifecycleActions"])
    error_message = "reading, dead letters, and tagged groups' own business"
  }
  assert {
    condition = { for each in jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].environment : each.name => each.value
      if endswith(each.name, "_QUEUE") } == {
      AUTORECYCLE_EVENTS_QUEUE   = "off"
      AUTORECYCLE_RECYCLES_QUEUE = "off"
      AUTORECYCLE_ONCALL_QUEUE   = "oncall-jobs"
    }
    error_message = "and reads their queues only"
  }
  assert {
    condition     = one(jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].mountPoints) == { sourceVolume = one(aws_ecs_task_definition.this["stable"].volume).name, containerPath = "/tmp", readOnly = false }
    error_message = "scripts have a folder to write to, beside the read-only root"
  }
}

run "on_call_jobs_touch_what_is_named" {
  variables {
    name      = "oncall"
    consumers = ["oncall"]
    oncall = {
      service_arns         = ["arn:aws:ecs:eu-west-2:123456789012:service/main/*"]
      task_definition_arns = ["arn:aws:ecs:eu-west-2:123456789012:task-definition/tests:*"]
      task_role_arns       = ["arn:aws:iam::123456789012:role/tests"]
      instance_arns        = ["arn:aws:ec2:eu-west-2:123456789012:instance/*"]
      log_group_arns       = ["arn:aws:logs:eu-west-2:123456789012:log-group:/ecs/web"]
    }
  }
  assert {
    condition = jsonencode({ for statement in output.task_statements.oncall : statement.Sid => statement.Resource
      if contains(["ChangeServices", "ReadLogs", "RunCommands"], statement.Sid) }) == jsonencode({
      ChangeServices = ["arn:aws:ecs:eu-west-2:123456789012:service/main/*"]
      ReadLogs = ["arn:aws:logs:eu-west-2:123456789012:log-group:/ecs/web",
      "arn:aws:logs:eu-west-2:123456789012:log-group:/ecs/web:*"]
      RunCommands = ["arn:aws:ec2:eu-west-2:123456789012:instance/*",
      "arn:aws:ssm:eu-west-2::document/AWS-RunShellScript"]
    })
    error_message = "each call on its own resources"
  }
  assert {
    condition     = jsonencode([for statement in output.task_statements.oncall : statement.Condition if statement.Sid == "PassTaskRoles"]) == jsonencode([{ StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }])
    error_message = "roles go to tasks only"
  }
}

run "metrics_go_into_the_namespace_that_was_named_and_nowhere_else" {
  variables {
    settings = { "cloudwatch-namespace" = "Autorecycle/Worker" }
  }
  assert {
    condition     = one(output.task_statements.metrics).Condition.StringEquals["cloudwatch:namespace"] == "Autorecycle/Worker"
    error_message = "PutMetricData knows no resources, but namespaces"
  }
}

run "traces_bring_their_daemon" {
  variables {
    xray_image = "public.ecr.aws/xray/aws-xray-daemon:3.3.15"
  }
  assert {
    condition     = [for each in jsondecode(aws_ecs_task_definition.this["stable"].container_definitions) : each.name] == ["worker", "xray-daemon"]
    error_message = "beside the worker, on its loopback"
  }
  assert {
    condition = contains(jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].environment,
    { name = "AUTORECYCLE_XRAY_DAEMON", value = "127.0.0.1:2000" })
    error_message = "the worker is told where it is"
  }
  assert {
    condition     = one(output.task_statements.traces).Action == ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    error_message = "the daemon uses the task's role"
  }
}

run "permissions_that_are_not_needed_are_not_there" {
  assert {
    condition     = !contains(keys(output.task_statements), "metrics") && !contains(keys(output.task_statements), "traces")
    error_message = "nothing is exported unless it is asked for"
  }
  assert {
    condition     = length([for statement in output.task_statements.recycle : statement if statement.Sid == "StartStateMachines"]) == 0
    error_message = "no state machine was named"
  }
}

run "permissions_follow_what_is_used" {
  variables {
    state_machine_arns = ["arn:aws:states:eu-west-2:123456789012:stateMachine:autorecycle"]
    sns_topic_arns     = ["arn:aws:sns:eu-west-2:123456789012:recycles"]
    event_bus_arns     = ["arn:aws:events:eu-west-2:123456789012:event-bus/default"]
    payload_bucket     = { name = "long-bodies", arn = "arn:aws:s3:::long-bodies" }
    kms_key            = { arn = "arn:aws:kms:eu-west-2:123456789012:key/1234abcd" }
  }
  assert {
    condition     = one([for statement in output.task_statements.recycle : statement.Resource if statement.Sid == "StartStateMachines"]) == var.state_machine_arns
    error_message = "exactly the machines that were named"
  }
  assert {
    condition     = output.task_statements.payloads[0].Resource == tolist(["arn:aws:s3:::long-bodies/*"])
    error_message = "the objects of the payload bucket"
  }
  assert {
    condition = contains(jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].environment,
    { name = "AUTORECYCLE_PAYLOAD_BUCKET", value = "long-bodies" })
    error_message = "the worker is told its bucket"
  }
  assert {
    condition     = output.task_statements.encryption[0].Resource == tolist([var.kms_key.arn])
    error_message = "the queues' key and no other"
  }
}

run "rolling_back_is_limited_to_what_is_named" {
  variables {
    roll_back = {
      launch_template_arns = ["arn:aws:ec2:eu-west-2:123456789012:launch-template/*"]
      instance_role_arns   = ["arn:aws:iam::123456789012:role/web"]
    }
  }
  assert {
    condition     = output.task_statements.roll_back[0].Condition.ArnLike["ec2:LaunchTemplate"] == tolist(var.roll_back.launch_template_arns)
    error_message = "instances only from these templates"
  }
  assert {
    condition     = output.task_statements.roll_back[1].Resource == tolist(var.roll_back.instance_role_arns)
    error_message = "these roles, and to EC2 only"
  }
}

run "secrets_are_handed_over_by_ecs" {
  variables {
    secrets = {
      slack-token   = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:slack-AbCdEf"
      pagerduty-key = "arn:aws:ssm:eu-west-2:123456789012:parameter/pagerduty"
    }
  }
  assert {
    condition = { for each in jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].secrets : each.name => each.valueFrom } == {
      AUTORECYCLE_PAGERDUTY_KEY = var.secrets.pagerduty-key
      AUTORECYCLE_SLACK_TOKEN   = var.secrets.slack-token
    }
    error_message = "under the worker's names for them"
  }
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Action[0] => statement.Resource if startswith(statement.Sid, "Read") } == {
      "secretsmanager:GetSecretValue" = [var.secrets.slack-token]
      "ssm:GetParameters"             = [var.secrets.pagerduty-key]
    }
    error_message = "only these, and only to start tasks: the worker's own role reads none"
  }
}

run "secrets_among_the_settings_are_refused" {
  command = plan
  variables {
    settings = { slack-token = "xoxb-1" }
    secrets  = { slack-webhook = "https://hooks.slack.com/services/1" }
  }
  expect_failures = [var.settings, var.secrets]
}

run "tasks_reach_instances_on_the_ports_of_gates_only" {
  variables {
    gate_egress = { ports = [8080, 8443], cidr_ipv4 = "10.0.0.0/8" }
  }
  assert {
    condition = alltrue([for port, rule in aws_vpc_security_group_egress_rule.gates :
    rule.cidr_ipv4 == "10.0.0.0/8" && rule.from_port == tonumber(port) && rule.to_port == tonumber(port)])
    error_message = "one rule a port"
  }
  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.gates) == ["8080", "8443"]
    error_message = "the ports that were named"
  }
}

run "people_may_plan_and_ask" {
  assert {
    condition = [for statement in jsondecode(output.operator_policy_json).Statement : statement.Sid] == ["Plan", "Enqueue", "SeeQueues", "ControlRecycles", "SeeHistory", "AskForJobs", "WaitForAnswers"] && (
    jsondecode(output.operator_policy_json).Statement[1].Resource == [var.queues.events.arn])
    error_message = "reading, and sending to the events queue"
  }
}

run "people_may_work_on_dead_letters" {
  assert {
    condition     = jsondecode(output.dead_letters_policy_json).Statement[1].Resource == [for queue in values(var.queues) : queue.dlq_arn]
    error_message = "of every queue, and take messages from nothing else"
  }
}

run "the_container_has_nothing_to_write_to" {
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].mountPoints == [] && length(aws_ecs_task_definition.this["stable"].volume) == 0
    error_message = "no volume"
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].readonlyRootFilesystem
    error_message = "read-only root"
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].linuxParameters.capabilities.drop == ["ALL"]
    error_message = "no capabilities"
  }
  assert {
    condition     = aws_ecs_service.this["stable"].network_configuration[0].assign_public_ip == false
    error_message = "no public address"
  }
}

run "a_deployment_that_fails_is_undone" {
  variables {
    rollback_alarm_names = ["autorecycle-recycle-failed"]
  }
  assert {
    condition     = aws_ecs_service.this["stable"].deployment_circuit_breaker[0].rollback && aws_ecs_service.this["stable"].alarms[0].rollback
    error_message = "by the circuit breaker or by an alarm"
  }
  assert {
    condition     = aws_ecs_service.this["stable"].alarms[0].alarm_names == toset(var.rollback_alarm_names)
    error_message = "the alarms that were named"
  }
}

run "tasks_follow_the_backlog_of_what_they_read" {
  assert {
    condition     = [for metric in aws_appautoscaling_policy.backlog[0].target_tracking_scaling_policy_configuration[0].customized_metric_specification[0].metrics : metric.id if startswith(metric.id, "waiting_")] == ["waiting_events"]
    error_message = "not of recycles, which wait for each other, nor of queues that are somebody else's"
  }
  assert {
    condition     = aws_appautoscaling_target.this[0].resource_id == "service/tools/autorecycle"
    error_message = "the stable service scales"
  }
}

run "a_fixed_number_of_tasks_does_not_scale" {
  variables {
    tasks = { min = 2, max = 2 }
  }
  assert {
    condition     = length(aws_appautoscaling_policy.backlog) == 0
    error_message = "nothing to scale"
  }
}

run "a_canary_is_a_share_of_the_tasks_and_at_least_one" {
  variables {
    tasks  = { min = 10, max = 20 }
    canary = { image = "autorecycle:0.2.0", percent = 25 }
  }
  assert {
    condition     = aws_ecs_service.this["canary"].desired_count == 3 && output.service_names.canary == "autorecycle-canary"
    error_message = "a quarter of ten, rounded up"
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this["canary"].container_definitions)[0].image == "autorecycle:0.2.0"
    error_message = "with its own image"
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].image == var.image
    error_message = "beside the one that is known to work"
  }
}

run "the_health_check_knows_the_port" {
  variables {
    settings = { listen = "0.0.0.0:9999", drain-deadline = "60s" }
  }
  assert {
    condition     = strcontains(jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].healthCheck.command[3], "/dev/tcp/127.0.0.1/9999")
    error_message = "the port of --listen"
  }
  assert {
    condition = contains(jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].environment,
    { name = "AUTORECYCLE_DRAIN_DEADLINE", value = "60s" })
    error_message = "settings become the worker's variables"
  }
}

run "without_a_port_there_is_no_health_check" {
  variables {
    settings = { listen = "off" }
  }
  assert {
    condition     = try(jsondecode(aws_ecs_task_definition.this["stable"].container_definitions)[0].healthCheck, null) == null
    error_message = "nothing answers"
  }
}

run "intake_without_recycle_is_refused" {
  command = plan
  variables {
    consumers = ["intake"]
  }
  expect_failures = [var.consumers]
}

run "a_consumer_without_its_queue_is_refused" {
  command = plan
  variables {
    queues = {
      events = {
        name    = "autorecycle-events"
        arn     = "arn:aws:sqs:eu-west-2:123456789012:autorecycle-events"
        dlq_arn = "arn:aws:sqs:eu-west-2:123456789012:autorecycle-events-dlq"
      }
    }
    consumers = ["oncall"]
    name      = "oncall"
  }
  expect_failures = [var.queues]
}

run "an_image_that_means_something_else_tomorrow_is_refused" {
  command = plan
  variables {
    image = "autorecycle:latest"
  }
  expect_failures = [var.image]
}

run "settings_with_variables_of_their_own_are_refused" {
  command = plan
  variables {
    settings = { events-queue = "other" }
  }
  expect_failures = [var.settings]
}

run "a_size_that_fargate_does_not_have_is_refused" {
  command = plan
  variables {
    size = { cpu = 256, memory = 4096 }
  }
  expect_failures = [var.size]
}

run "numbers_and_names_that_cannot_be_are_refused" {
  command = plan
  variables {
    name        = "auto recycle"
    subnet_ids  = []
    tasks       = { min = 3, max = 2 }
    scaling     = { backlog_per_task = 0 }
    canary      = { image = "autorecycle:0.2.0", percent = 90 }
    roll_back   = { launch_template_arns = [] }
    kms_key     = { arn = "arn:aws:kms:eu-west-2:123456789012:alias/queues" }
    gate_egress = { ports = [8080], cidr_ipv4 = "10.0.0.0" }
    outcomes    = { reply_queue_prefix = "*" }
  }
  expect_failures = [var.kms_key, var.gate_egress, var.outcomes, var.name, var.subnet_ids, var.tasks, var.scaling, var.canary, var.roll_back]
}
