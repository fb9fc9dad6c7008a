variable "name_prefix" {
  description = "Start of the names of rules and of the queue for undeliverable events."
  type        = string
  default     = "autorecycle"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9-]{1,40}$", var.name_prefix))
    error_message = "name_prefix: 1 to 40 letters, digits and hyphens."
  }
}

variable "queue" {
  description = "The events queue: `arn` and `url`, as in the output `queues.events` of the module `queues`."
  type = object({
    arn = string
    url = string
  })
  nullable = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.queue.arn))
    error_message = "queue.arn: the ARN of a standard queue; events go through a FIFO queue only with a message group."
  }
}

variable "ignored_role_arns" {
  description = "IAM roles whose calls are no news: the worker's own, which change groups all the time. The worker would ignore them too, but each is a message."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.ignored_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", arn))])
    error_message = "ignored_role_arns: ARNs of IAM roles, not of assumed-role sessions."
  }
}

variable "instance_events" {
  description = "Also send launches, terminations, lifecycle hooks and instance refreshes. Nothing acts on them today; they are counted by kind and deleted."
  type        = bool
  default     = false
  nullable    = false
}

variable "enabled" {
  description = "False switches every rule off and leaves everything in place."
  type        = bool
  default     = true
  nullable    = false
}

variable "kms_key" {
  description = "Customer managed key of the queue for undeliverable events; null for SQS's own."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key.arn))
    error_message = "kms_key.arn: the ARN of a key (not of an alias)."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}
