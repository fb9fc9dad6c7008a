# Everything: events to recycles, on-call jobs in a service of their own, alarms, one tagged group.
provider "aws" {
  region = var.region
}

locals {
  tags = { service = "autorecycle", environment = var.environment }
}

# EventBridge encrypts what it sends, so the key's policy names it.
resource "aws_kms_key" "queues" {
  description         = "autorecycle's queues"
  enable_key_rotation = true
  tags                = local.tags
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Administration"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "EventBridge"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
    ]
  })
}

data "aws_caller_identity" "current" {}

module "queues" {
  source = "../../modules/queues"

  kms_key = aws_kms_key.queues
  tags    = local.tags
}

module "events" {
  source = "../../modules/events"

  queue             = module.queues.queues["events"]
  ignored_role_arns = [module.recycling.task_role_arn]
  kms_key           = aws_kms_key.queues
  tags              = local.tags
}

module "recycling" {
  source = "../../modules/worker"

  name                 = "autorecycle"
  consumers            = ["intake", "recycle"]
  queues               = module.queues.queues
  image                = var.image
  image_repository_arn = var.image_repository_arn
  canary               = var.canary_image == null ? null : { image = var.canary_image, percent = 10 }
  cluster              = var.cluster
  vpc_id               = var.vpc_id
  subnet_ids           = var.subnet_ids
  tasks                = { min = 2, max = 6 }
  settings             = { drain-deadline = "60s", cloudwatch-namespace = "Autorecycle/Worker" }
  kms_key              = aws_kms_key.queues
  rollback_alarm_names = module.monitoring.rollback_alarm_names
  tags                 = local.tags
}

module "oncall" {
  source = "../../modules/worker"

  name                 = "oncall"
  consumers            = ["oncall"]
  queues               = module.queues.queues
  image                = var.image
  image_repository_arn = var.image_repository_arn
  cluster              = var.cluster
  vpc_id               = var.vpc_id
  subnet_ids           = var.subnet_ids
  kms_key              = aws_kms_key.queues
  tags                 = local.tags
}

module "monitoring" {
  source = "../../modules/monitoring"

  queues                 = module.queues.queues
  log_group_names        = { recycling = module.recycling.log_group_name, oncall = module.oncall.log_group_name }
  undelivered_queue_name = module.events.undelivered_queue_name
  worker_metrics         = { namespace = "Autorecycle/Worker" }
  emails                 = var.emails
  tags                   = local.tags
}

module "payments_tags" {
  source = "../../modules/asg-tags"

  group_name      = var.group_name
  strategy        = "out-in-timed"
  recycle_window  = "22:00:00-05:30:00"
  exclude_windows = ["00:00:00-00:30:00"] # settlement
  time_zone       = "Europe/London"
  team            = "payments"
  dry_run         = var.environment != "production"
}
