# The least: one queue of on-call jobs, the service that runs them, its alarms. No recycling, so the
# service's role cannot touch an Auto Scaling group.
provider "aws" {
  region = var.region
}

resource "aws_sns_topic" "pager" {
  name              = "pager"
  kms_master_key_id = var.topic_kms_key_id
}

module "queues" {
  source = "../../modules/queues"

  roles = ["oncall"]
}

module "oncall" {
  source = "../../modules/worker"

  name       = "oncall"
  consumers  = ["oncall"]
  queues     = module.queues.queues
  image      = var.image
  cluster    = var.cluster
  vpc_id     = var.vpc_id
  subnet_ids = var.subnet_ids
  tasks      = { min = 1, max = 1 }
}

module "monitoring" {
  source = "../../modules/monitoring"

  name_prefix     = "oncall"
  queues          = module.queues.queues
  log_group_names = { oncall = module.oncall.log_group_name }
  topic           = aws_sns_topic.pager
}
