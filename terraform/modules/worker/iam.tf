# What the worker may do is a table, permissions.json: one entry for each consumer. The tests hold it
# to the calls that the code makes, in both directions.
locals {
  permissions = jsondecode(file("${path.module}/permissions.json"))

  granted = concat(
    ["queues"],
    sort(var.consumers),
    contains(var.consumers, "oncall") ? ["outcomes"] : [],
    var.roll_back == null ? [] : ["roll_back"],
    var.payload_bucket == null ? [] : ["payloads"],
    var.kms_key == null ? [] : ["encryption"],
    local.namespace == "off" ? [] : ["metrics"],
    var.xray_image == null ? [] : ["traces"],
  )

  resources = {
    any                    = ["*"] # Describe calls know no resources
    queues                 = [for role in local.roles : var.queues[role].arn]
    dead_letter_queues     = [for role in local.roles : var.queues[role].dlq_arn]
    all_queues             = [for queue in values(var.queues) : queue.arn]
    all_dead_letter_queues = [for queue in values(var.queues) : queue.dlq_arn]
    events_queue           = contains(keys(var.queues), "events") ? [var.queues["events"].arn] : []
    groups                 = ["arn:${local.partition}:autoscaling:${local.region}:${local.account}:autoScalingGroup:*:autoScalingGroupName/*"]
    state_machines         = var.state_machine_arns
    topics                 = var.sns_topic_arns
    oncall_queue           = contains(keys(var.queues), "oncall") ? [var.queues["oncall"].arn] : []
    reply_queues           = ["arn:${local.partition}:sqs:${local.region}:${local.account}:${var.outcomes.reply_queue_prefix}*"]
    oncall_log_objects     = var.outcomes.log_object_arns
    oncall_written_groups  = flatten([for arn in var.outcomes.log_group_arns : [arn, "${arn}:*"]])
    oncall_secrets         = var.outcomes.secret_arns
    oncall_tables          = var.outcomes.table_arns
    event_buses            = var.event_bus_arns
    instance_roles         = var.roll_back == null ? [] : var.roll_back.instance_role_arns
    payload_objects        = var.payload_bucket == null ? [] : ["${var.payload_bucket.arn}/*"]
    payload_buckets        = var.payload_bucket == null ? [] : [var.payload_bucket.arn]
    keys                   = var.kms_key == null ? [] : [var.kms_key.arn]

    # What on-call jobs may touch: var.oncall says.
    oncall_log_groups       = flatten([for arn in var.oncall.log_group_arns : [arn, "${arn}:*"]])
    oncall_services         = var.oncall.service_arns
    oncall_task_definitions = var.oncall.task_definition_arns
    oncall_tasks            = length(var.oncall.task_definition_arns) == 0 ? [] : ["arn:${local.partition}:ecs:${local.region}:${local.account}:task/*"]
    oncall_task_roles       = var.oncall.task_role_arns
    oncall_report_objects   = var.oncall.report_object_arns
    oncall_instances        = var.oncall.instance_arns
    oncall_command_targets  = length(var.oncall.instance_arns) == 0 ? [] : concat(var.oncall.instance_arns, ["arn:${local.partition}:ssm:${local.region}::document/AWS-RunShellScript"])
    oncall_commands         = length(var.oncall.instance_arns) == 0 ? [] : ["*"] # it knows no resources
  }

  conditions = {
    tagged = var.require_group_tag ? {
      StringEqualsIgnoreCase = { "aws:ResourceTag/autorecycle_recycle_on_asg_update" = "true" }
    } : {}
    from_launch_templates = {
      ArnLike = { "ec2:LaunchTemplate" = var.roll_back == null ? [] : var.roll_back.launch_template_arns }
    }
    passed_to_ec2   = { StringEquals = { "iam:PassedToService" = "ec2.amazonaws.com" } }
    passed_to_tasks = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
    own_tag_keys    = { "ForAllValues:StringLike" = { "aws:TagKeys" = ["autorecycle:*"] } }
    own_namespace   = { StringEquals = { "cloudwatch:namespace" = local.namespace } }
  }

  # Statements about nothing (no state machines, say) are left out: IAM refuses them.
  statements = { for who in concat(local.granted, ["operator", "dead_letters"]) : who => [
    for statement in local.permissions[who] : merge(
      {
        Sid      = statement.sid
        Effect   = "Allow"
        Action   = statement.actions
        Resource = local.resources[statement.resources]
      },
      length(merge({}, [for name in try(statement.conditions, []) : local.conditions[name]]...)) == 0 ? {} : {
        Condition = merge([for name in statement.conditions : local.conditions[name]]...)
      },
    ) if length(local.resources[statement.resources]) > 0
  ] }

  secrets_of = { for service in ["secretsmanager", "ssm"] : service =>
  [for arn in values(var.secrets) : arn if element(split(":", arn), 2) == service] }

  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region
  account   = data.aws_caller_identity.current.account_id

  assume_by_tasks = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

# The worker itself.
resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  description        = "autorecycle: ${join(", ", sort(var.consumers))}"
  assume_role_policy = local.assume_by_tasks
  tags               = var.tags
}

resource "aws_iam_role_policy" "task" {
  for_each = { for who in local.granted : who => local.statements[who] if length(local.statements[who]) > 0 }

  name = each.key
  role = aws_iam_role.task.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = each.value
  })
}

# What ECS does for it: pull the image, write the log.
resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  description        = "autorecycle: starting tasks"
  assume_role_policy = local.assume_by_tasks
  tags               = var.tags
}

resource "aws_iam_role_policy" "execution" {
  name = "start"
  role = aws_iam_role.execution.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
      }
      ], var.image_repository_arn == null ? [] : [
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = [var.image_repository_arn]
      },
      {
        Sid      = "LogInToEcr"
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = ["*"]
      }
      ], [for service, action in { secretsmanager = "secretsmanager:GetSecretValue", ssm = "ssm:GetParameters" } : {
        Sid                                       = "Read${title(service)}"
        Effect                                    = "Allow"
        Action                                    = [action]
        Resource                                  = local.secrets_of[service]
    } if length(local.secrets_of[service]) > 0])
  })
}
