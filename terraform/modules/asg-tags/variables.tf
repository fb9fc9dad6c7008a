variable "group_name" {
  description = "The Auto Scaling group. Null to compute the tags only (output `tags`) and write them where the group is declared."
  type        = string
  default     = null

  validation {
    condition     = var.group_name == null || can(regex("^[^:]{1,255}$", var.group_name))
    error_message = "group_name: 1 to 255 characters, no colon."
  }
}

variable "strategy" {
  description = "`out-in`, `out-in-timed` or `in-out`: docs/strategies.md."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["out-in", "out-in-timed", "in-out"], var.strategy)
    error_message = "strategy: out-in, out-in-timed or in-out."
  }
}

variable "enabled" {
  description = "False leaves the group alone and keeps its other tags."
  type        = bool
  default     = true
  nullable    = false
}

variable "dry_run" {
  description = "True: plans go to the log, nothing is changed. A good first week."
  type        = bool
  default     = false
  nullable    = false
}

variable "recycle_window" {
  description = "For out-in-timed: when it may run, `HH:MM:SS-HH:MM:SS`, both ends included; a start after the end spans midnight."
  type        = string
  default     = null

  validation {
    condition     = var.recycle_window == null || can(regex("^([01]\\d|2[0-3])(:[0-5]\\d){2}-([01]\\d|2[0-3])(:[0-5]\\d){2}$", var.recycle_window))
    error_message = "recycle_window: HH:MM:SS-HH:MM:SS, such as 22:00:00-05:30:00."
  }
  validation {
    condition     = var.recycle_window == null || var.strategy == "out-in-timed"
    error_message = "recycle_window: only out-in-timed waits for it; another strategy would run at once."
  }
}

variable "exclude_windows" {
  description = "For out-in-timed: when it may not run, each `HH:MM:SS-HH:MM:SS`."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for window in var.exclude_windows : can(regex("^([01]\\d|2[0-3])(:[0-5]\\d){2}-([01]\\d|2[0-3])(:[0-5]\\d){2}$", window))])
    error_message = "exclude_windows: each HH:MM:SS-HH:MM:SS, such as 23:00:00-23:30:00."
  }
  validation {
    condition     = length(var.exclude_windows) == 0 || var.strategy == "out-in-timed"
    error_message = "exclude_windows: only out-in-timed waits for them; another strategy would run at once."
  }
  validation {
    condition     = length(join("+", var.exclude_windows)) <= 256
    error_message = "exclude_windows: a tag holds 15 of them."
  }
}

variable "time_zone" {
  description = "IANA name of the windows' time zone; null for the worker's default."
  type        = string
  default     = null

  validation {
    condition     = var.time_zone == null || can(regex("^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$", var.time_zone))
    error_message = "time_zone: an IANA name such as Europe/London."
  }
}

variable "component" {
  description = "Groups of one component are recycled one after the other; null for the group's name up to `-asg-`."
  type        = string
  default     = null
}

variable "step_function_name" {
  description = "State machine to start instead of recycling; null to recycle."
  type        = string
  default     = null

  validation {
    condition     = var.step_function_name == null || can(regex("^[A-Za-z0-9_-]{1,80}$", var.step_function_name))
    error_message = "step_function_name: a name, 1 to 80 letters, digits, - and _."
  }
}

variable "team" {
  description = "Passed on to the state machine."
  type        = string
  default     = null
}

variable "slack_monitoring_channel" {
  description = "Passed on to the state machine."
  type        = string
  default     = null
}

variable "notify_pager_duty" {
  description = "Passed on to the state machine."
  type        = bool
  default     = null
}
