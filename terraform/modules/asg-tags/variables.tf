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

variable "window_closes" {
  description = "For out-in-timed, what becomes of a run whose window shuts: `finish` (what has begun), `pause` (hold, at full capacity), `restore` (undo, if no old instance has gone); null for finish."
  type        = string
  default     = null

  validation {
    condition     = var.window_closes == null || (contains(["finish", "pause", "restore"], coalesce(var.window_closes, "-")) && var.strategy == "out-in-timed")
    error_message = "window_closes: finish, pause or restore, with strategy out-in-timed."
  }
}

variable "max_size_limit" {
  description = "How far the group's max may be raised during a run; null for as far as is needed."
  type        = number
  default     = null

  validation {
    condition     = var.max_size_limit == null || try(var.max_size_limit >= 1 && floor(var.max_size_limit) == var.max_size_limit, false)
    error_message = "max_size_limit: a whole number from 1."
  }
}

variable "standby_instances" {
  description = "Old instances in Standby: `wait` until there are none, `skip` them, or `include` them; null for wait."
  type        = string
  default     = null

  validation {
    condition     = var.standby_instances == null || contains(["wait", "skip", "include"], coalesce(var.standby_instances, "-"))
    error_message = "standby_instances: wait, skip or include."
  }
}

variable "protected_instances" {
  description = "The same for old instances that are protected from scale-in."
  type        = string
  default     = null

  validation {
    condition     = var.protected_instances == null || contains(["wait", "skip", "include"], coalesce(var.protected_instances, "-"))
    error_message = "protected_instances: wait, skip or include."
  }
}

variable "rollback_on_failure" {
  description = "Whether a run that fails past the point of no return goes back to the version before. Needs `roll_back` of the module `worker`."
  type        = bool
  default     = null
}

variable "gates" {
  description = "What must hold of a new instance before it counts, `autorecycle_gate_*`. Times such as `90s` or `10m`; `http` such as `http:8080/healthz`; `command` is a name in the worker's configuration; `alarms` are names of CloudWatch alarms. `off` switches a default of the worker off."
  type = object({
    min_age               = optional(string)
    http                  = optional(string)
    http_status           = optional(string)
    http_request_timeout  = optional(string)
    command               = optional(string)
    command_run_timeout   = optional(string)
    alarms                = optional(list(string))
    bake                  = optional(string)
    health_timeout        = optional(string)
    load_balancer_timeout = optional(string)
    min_age_timeout       = optional(string)
    http_timeout          = optional(string)
    command_timeout       = optional(string)
    alarms_timeout        = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([for name, value in var.gates : value == null || can(regex("^(\\d+[smhd]?|off)$", value))
    if endswith(name, "_timeout") || contains(["min_age", "bake"], name)])
    error_message = "gates: times such as 90s, 10m, 2h or 1d, or off."
  }
  validation {
    condition     = var.gates.http == null || can(regex("^(https?:\\d{1,5}(/[A-Za-z0-9._~/=+:@?&,;%-]{0,199})?|off)$", var.gates.http))
    error_message = "gates.http: http:PORT/PATH or https:PORT/PATH, such as http:8080/healthz (the host is always the instance), or off."
  }
  validation {
    condition     = var.gates.http_status == null || can(regex("^([1-5]\\d\\d(-[1-5]\\d\\d)?|off)$", var.gates.http_status))
    error_message = "gates.http_status: a status such as 200, a range such as 200-299, or off."
  }
  validation {
    condition     = length(join("+", coalesce(var.gates.alarms, []))) <= 256 && length(coalesce(var.gates.alarms, [])) <= 20
    error_message = "gates.alarms: at most 20, and 256 characters in all."
  }
}

variable "hooks" {
  description = "Hooks of the worker's configuration to call, by name, `autorecycle_hook_*`; `failure` is `fail` or `continue`."
  type = object({
    before_start     = optional(string)
    before_terminate = optional(string)
    after_end        = optional(string)
    timeout          = optional(string)
    failure          = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition = ((var.hooks.timeout == null || can(regex("^(\\d+[smhd]?|off)$", var.hooks.timeout))) &&
    (var.hooks.failure == null || contains(["fail", "continue"], coalesce(var.hooks.failure, "-"))))
    error_message = "hooks: timeout such as 30s, failure fail or continue."
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
