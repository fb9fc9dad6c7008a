variable "name_prefix" {
  description = "Start of the names of alarms, topic and dashboard."
  type        = string
  default     = "autorecycle"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9-]{1,40}$", var.name_prefix))
    error_message = "name_prefix: 1 to 40 letters, digits and hyphens."
  }
}

variable "queues" {
  description = "The output `queues` of the module `queues`."
  type = map(object({
    name     = string
    dlq_name = string
  }))
  nullable = false

  validation {
    condition     = length(var.queues) > 0 && length(setsubtract(keys(var.queues), ["events", "recycles", "oncall"])) == 0
    error_message = "queues: at least one; roles are events, recycles and oncall."
  }
}

variable "log_group_names" {
  description = "Logs to count failed recycles and failed jobs in: the output `log_group_name` of each module `worker`, under a name of your choice."
  type        = map(string)
  nullable    = false
}

variable "worker_metrics" {
  description = "Where the workers put their own metrics: the option `cloudwatch-namespace`, and what `cloudwatch-dimensions` adds. Brings alarms and widgets about them; null if they put none."
  type = object({
    namespace  = string
    dimensions = optional(map(string), {})
  })
  default = null

  validation {
    condition     = var.worker_metrics == null || try(can(regex("^[A-Za-z0-9_./#:-]{1,255}$", var.worker_metrics.namespace)) && !startswith(var.worker_metrics.namespace, "AWS/"), false)
    error_message = "worker_metrics.namespace: as the worker's option cloudwatch-namespace has it."
  }
}

variable "undelivered_queue_name" {
  description = "The output of that name of the module `events`; null if it is not used."
  type        = string
  default     = null
}

variable "topic" {
  description = "SNS topic of the people on call; null to create one."
  type        = object({ arn = string })
  default     = null
}

variable "emails" {
  description = "Addresses to subscribe to the topic that is created here; each must confirm."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@ ]+@[^@ ]+$", email))])
    error_message = "emails: addresses with one @."
  }
}

variable "topic_kms_key" {
  description = "Key of the topic that is created here. SNS's own (`alias/aws/sns`) does not let CloudWatch publish, so null is no encryption; a customer managed one must allow cloudwatch.amazonaws.com."
  type        = string
  default     = null
}

variable "oldest_message_minutes" {
  description = "Alarm when a message of `events` or `oncall` waits longer."
  type        = number
  default     = 15
  nullable    = false

  validation {
    condition     = var.oldest_message_minutes >= 1
    error_message = "oldest_message_minutes: at least 1."
  }
}

variable "stuck_recycle_hours" {
  description = "Alarm when a recycle (or the wait for its window or its component's turn) takes longer. After --handover-after (11 hours) a recycle is a new message and counts anew, so more than that means never."
  type        = number
  default     = 6
  nullable    = false

  validation {
    condition     = var.stuck_recycle_hours >= 1 && var.stuck_recycle_hours <= 10
    error_message = "stuck_recycle_hours: from 1 to 10."
  }
}

variable "dead_letter_days" {
  description = "Alarm when a dead letter is this old. SQS deletes it after 14 days, which on standard queues count from the message's first send."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.dead_letter_days >= 1 && var.dead_letter_days <= 12
    error_message = "dead_letter_days: from 1 to 12, so that two days are left to act."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}
