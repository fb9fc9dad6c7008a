# Everything: events to recycles, on-call jobs in a service of their own, alarms, one tagged group.
provider "aws" {
  region = var.region
}

locals {
  tags = { service = "autorecycle", environment = var.environment }
}

module "queues" {
  source = "../../modules/queues"

  kms_key_arn = var.kms_key_arn
  tags        = local.tags
}

module "events" {
  source = "../../modules/events"

  queue             = module.queues.queues["events"]
  ignored_role_arns = [module.recycling.task_role_arn]
  kms_key_arn       = var.kms_key_arn
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
  settings             = { drain-deadline = "60s" }
  kms_key_arn          = var.kms_key_arn
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
  kms_key_arn          = var.kms_key_arn
  tags                 = local.tags
}

module "monitoring" {
  source = "../../modules/monitoring"

  queues                 = module.queues.queues
  log_group_names        = { recycling = module.recycling.log_group_name, oncall = module.oncall.log_group_name }
  undelivered_queue_name = module.events.undelivered_queue_name
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
