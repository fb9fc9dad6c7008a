variable "roles" {
  description = "Which queues to create: `events` (events and requests by hand), `recycles` (FIFO, the recycles to carry out), `oncall` (on-call jobs)."
  type        = set(string)
  default     = ["events", "recycles", "oncall"]
  nullable    = false

  validation {
    condition     = length(var.roles) > 0 && length(setsubtract(var.roles, ["events", "recycles", "oncall"])) == 0
    error_message = "roles: at least one of events, recycles, oncall, and nothing else."
  }
}

variable "names" {
  description = "Names of the queues; the defaults are the worker's. A dead-letter queue is named after its queue, with `-dlq`."
  type = object({
    events   = optional(string, "autorecycle-events")
    recycles = optional(string, "autorecycle-recycles.fifo")
    oncall   = optional(string, "oncall-jobs")
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      can(regex("^[A-Za-z0-9_-]{1,76}$", var.names.events)),
      can(regex("^[A-Za-z0-9_-]{1,71}\\.fifo$", var.names.recycles)),
      can(regex("^[A-Za-z0-9_-]{1,76}$", var.names.oncall)),
    ])
    error_message = "names: letters, digits, - and _, short enough for -dlq to fit into 80 characters; recycles ends in .fifo, the others do not."
  }
}

variable "max_receive_count" {
  description = "Receives before SQS itself moves a message to the dead-letter queue. Waiting and progress spend none; failed attempts do."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.max_receive_count >= 3 && var.max_receive_count <= 1000
    error_message = "max_receive_count: from 3 (a crash and a throttled retry must not end a message) to 1000."
  }
}

variable "retention_days" {
  description = "How long an unread message is kept. Less than the dead-letter queues' 14 days, which count from the first send too."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 13
    error_message = "retention_days: from 1 to 13, because dead letters must outlive it."
  }
}

variable "kms_key" {
  description = "Customer managed key for encryption at rest; null for SQS's own. With EventBridge as a sender its policy must allow events.amazonaws.com kms:GenerateDataKey and kms:Decrypt."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key.arn))
    error_message = "kms_key.arn: the ARN of a key (not of an alias)."
  }
}

variable "events_policy_elsewhere" {
  description = "True if the module `events` writes the policy of the events queue (a queue has only one); false to have one written here that asks for TLS."
  type        = bool
  default     = true
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}
