variable "name" {
  description = "Name of the service, its task definition, roles and log group."
  type        = string
  default     = "autorecycle"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9-]{1,40}$", var.name))
    error_message = "name: 1 to 40 letters, digits and hyphens."
  }
}

variable "consumers" {
  description = "What this service does, and so what its role may do: `intake` and `recycle` (together: intake sends to the queue that recycle reads), or `oncall` in a service of its own."
  type        = set(string)
  default     = ["intake", "recycle"]
  nullable    = false

  validation {
    condition     = length(var.consumers) > 0 && length(setsubtract(var.consumers, ["intake", "recycle", "oncall"])) == 0
    error_message = "consumers: at least one of intake, recycle, oncall, and nothing else."
  }
  validation {
    condition     = !contains(var.consumers, "intake") || contains(var.consumers, "recycle")
    error_message = "consumers: intake needs recycle beside it, because a worker sends only to queues that it also reads."
  }
}

variable "queues" {
  description = "The output `queues` of the module `queues`. Only those of the consumers are used."
  type = map(object({
    name    = string
    arn     = string
    dlq_arn = string
  }))
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.queues), ["events", "recycles", "oncall"])) == 0
    error_message = "queues: roles are events, recycles and oncall."
  }
  validation {
    condition = alltrue([for consumer, role in { intake = "events", recycle = "recycles", oncall = "oncall" } :
    !contains(var.consumers, consumer) || contains(keys(var.queues), role)])
    error_message = "queues: lacks one that the consumers read (intake reads events, recycle reads recycles, oncall reads oncall)."
  }
}

variable "image" {
  description = "Container image, best by digest: `...@sha256:...`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("(@sha256:[0-9a-f]{64}|:[A-Za-z0-9._-]+)$", var.image)) && !endswith(var.image, ":latest")
    error_message = "image: needs a digest or a tag other than latest, or a rollback rolls back to the same image."
  }
}

variable "image_repository_arn" {
  description = "ECR repository of the image, which the service may then pull from; null for a public one."
  type        = string
  default     = null
}

variable "canary" {
  description = "A second image that a share of the tasks runs beside the first, from the same queues. Null for none."
  type = object({
    image   = string
    percent = optional(number, 10)
  })
  default = null

  validation {
    condition     = var.canary == null || try(var.canary.percent >= 1 && var.canary.percent <= 50, false)
    error_message = "canary.percent: from 1 to 50; it is at least one task."
  }
}

variable "cluster" {
  description = "ECS cluster: `arn` and `name`. Scaling on the backlog reads its Container Insights."
  type = object({
    arn  = string
    name = string
  })
  nullable = false
}

variable "vpc_id" {
  description = "VPC of the tasks."
  type        = string
  nullable    = false
}

variable "subnet_ids" {
  description = "Private subnets of the tasks, with a way to AWS's endpoints (NAT or VPC endpoints for sqs, autoscaling, ec2, elasticloadbalancing, logs and what else is used)."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "subnet_ids: at least one; two zones or more are better."
  }
}

variable "gate_egress" {
  description = "Where tasks may go beside AWS: the ports that HTTP gates ask, and the addresses of the groups' instances. Null for nowhere."
  type = object({
    ports     = set(number)
    cidr_ipv4 = string
  })
  default = null

  validation {
    condition     = var.gate_egress == null || try(length(var.gate_egress.ports) > 0 && can(cidrhost(var.gate_egress.cidr_ipv4, 0)), false)
    error_message = "gate_egress: at least one port, and a CIDR such as 10.0.0.0/8."
  }
}

variable "tasks" {
  description = "Fewest and most tasks. One is enough for thousands of recycles; two survive the loss of a zone without a pause."
  type = object({
    min = optional(number, 2)
    max = optional(number, 4)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.tasks.min >= 1 && var.tasks.max >= var.tasks.min && var.tasks.max <= 100
    error_message = "tasks: 1 <= min <= max <= 100."
  }
}

variable "size" {
  description = "CPU units and MiB of memory of a task, and its architecture (`X86_64` or `ARM64`)."
  type = object({
    cpu          = optional(number, 256)
    memory       = optional(number, 512)
    architecture = optional(string, "X86_64")
  })
  default  = {}
  nullable = false

  validation {
    condition = (contains([256, 512, 1024, 2048, 4096], var.size.cpu) && var.size.memory >= 2 * var.size.cpu &&
    var.size.memory <= 8 * var.size.cpu && contains(["X86_64", "ARM64"], var.size.architecture))
    error_message = "size: what Fargate offers, cpu 256 to 4096 with memory of 2 to 8 times that; architecture X86_64 or ARM64."
  }
}

variable "scaling" {
  description = "Tasks are added while more than `backlog_per_task` messages wait for each in the queues of `roles`. `recycles` is left out: its messages wait for their component's turn, which more tasks do not shorten."
  type = object({
    roles            = optional(set(string), ["events", "oncall"])
    backlog_per_task = optional(number, 500)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.scaling.backlog_per_task >= 1
    error_message = "scaling.backlog_per_task: at least 1."
  }
}

variable "outcomes" {
  description = "Where outcomes of on-call jobs go: queues for answers begin with `reply_queue_prefix`; S3 objects of the option oncall-log-bucket; log groups of oncall-log-group and oncall-audit-group; the table of oncall-table. And the secrets and parameters that scripts are given."
  type = object({
    reply_queue_prefix = optional(string, "oncall-reply-")
    log_object_arns    = optional(list(string), [])
    log_group_arns     = optional(list(string), [])
    secret_arns        = optional(list(string), [])
    table_arns         = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.outcomes.reply_queue_prefix))
    error_message = "outcomes.reply_queue_prefix: the beginning of queues' names, not empty."
  }
}

variable "rollback_alarm_names" {
  description = "CloudWatch alarms that undo a deployment when they go off during it: the output `rollback_alarm_names` of the module `monitoring`."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "settings" {
  description = "The worker's options by name, without the dashes: `{ \"drain-deadline\" = \"60s\" }`. `autorecycle worker --help` lists them. With `cloudwatch-namespace` among them the role may put metrics, into that namespace only."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.settings) : can(regex("^[a-z]+(-[a-z]+)*$", name))])
    error_message = "settings: option names as on the command line, such as drain-deadline."
  }
  validation {
    condition     = length(setintersection(keys(var.settings), ["hooks", "otlp-headers", "pagerduty-key", "slack-token", "slack-webhook"])) == 0
    error_message = "settings: these are secrets and belong into the variable of that name."
  }
  validation {
    condition     = length(setintersection(keys(var.settings), ["events-queue", "recycles-queue", "oncall-queue", "payload-bucket", "log-format"])) == 0
    error_message = "settings: queues, the payload bucket and the log format have variables of their own or are fixed."
  }
}

variable "secrets" {
  description = "Options that are secrets (`slack-webhook`, `slack-token`, `pagerduty-key`, `hooks`, `otlp-headers`), each with the ARN of its Secrets Manager secret or SSM parameter. ECS hands them to the task; they are in no plan and no task definition."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([for name, arn in var.secrets : contains(["hooks", "otlp-headers", "pagerduty-key", "slack-token", "slack-webhook"], name) &&
    can(regex("^arn:[a-z-]+:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:|ssm:[a-z0-9-]+:[0-9]{12}:parameter/)", arn))])
    error_message = "secrets: slack-webhook, slack-token, pagerduty-key, hooks or otlp-headers, each with the ARN of a secret or of a parameter."
  }
}

variable "xray_image" {
  description = "Image of the X-Ray daemon, best by digest, to run beside the worker, which then sends it traces. Null for none."
  type        = string
  default     = null
}

variable "require_group_tag" {
  description = "True: the role may change only groups with the tag autorecycle_recycle_on_asg_update=true. False also lets people recycle untagged groups with --force."
  type        = bool
  default     = true
  nullable    = false
}

variable "roll_back" {
  description = "What AWS asks of whoever sets a group back to the launch template version that it had: to run instances from these templates, and to pass the roles of their instance profiles. Null: a run that should be rolled back ends with AWS's refusal, its group restored but for the version."
  type = object({
    launch_template_arns = list(string)
    instance_role_arns   = optional(list(string), [])
  })
  default = null

  validation {
    condition = var.roll_back == null || try(length(var.roll_back.launch_template_arns) > 0 && alltrue([
      for arn in var.roll_back.launch_template_arns : can(regex("^arn:[a-z-]+:ec2:[a-z0-9-]+:[0-9]{12}:launch-template/", arn))
      ]) && alltrue([
      for arn in var.roll_back.instance_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", arn))
    ]), false)
    error_message = "roll_back: ARNs of at least one launch template (the id may be *), and of IAM roles."
  }
}

variable "oncall" {
  description = "What the built-in on-call jobs may touch, beside reading: ECS services to restart and scale, task definitions of test suites with the roles that their tasks are given and the S3 objects of their reports, instances to run commands on and to reboot, log groups to read. Wildcards are possible; nothing of it is allowed unless it is named."
  type = object({
    service_arns         = optional(list(string), [])
    task_definition_arns = optional(list(string), [])
    task_role_arns       = optional(list(string), [])
    report_object_arns   = optional(list(string), [])
    instance_arns        = optional(list(string), [])
    log_group_arns       = optional(list(string), [])
  })
  default  = {}
  nullable = false
}

variable "state_machine_arns" {
  description = "State machines that autorecycle_step_function_name may name."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "sns_topic_arns" {
  description = "Topic that the option sns-topic names, for notifications."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "event_bus_arns" {
  description = "Bus that the option event-bus names, for notifications."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "payload_bucket" {
  description = "Bucket for bodies that are too long for SQS; null for none."
  type = object({
    name = string
    arn  = string
  })
  default = null
}

variable "kms_key" {
  description = "The queues' customer managed key; null if SQS encrypts with its own."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key.arn))
    error_message = "kms_key.arn: the ARN of a key (not of an alias)."
  }
}

variable "log_retention_days" {
  description = "How long CloudWatch Logs keeps the worker's log, which is the record of every change it made."
  type        = number
  default     = 365
  nullable    = false
}

variable "log_kms_key_arn" {
  description = "Customer managed key of the log group; null for CloudWatch's own."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}
