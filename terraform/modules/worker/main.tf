locals {
  role_of = { intake = "events", recycle = "recycles", oncall = "oncall" }
  roles   = sort([for consumer in var.consumers : local.role_of[consumer]])

  settings = merge(
    { for role in ["events", "recycles", "oncall"] : "${role}-queue" =>
    contains(local.roles, role) ? var.queues[role].name : "off" },
    var.payload_bucket == null ? {} : { "payload-bucket" = var.payload_bucket.name },
    var.xray_image == null ? {} : { "xray-daemon" = "127.0.0.1:2000" },
    { "log-format" = "json" },
    var.settings,
  )

  namespace = lookup(var.settings, "cloudwatch-namespace", "off")

  variable_of = { for name in setunion(keys(local.settings), keys(var.secrets)) :
  name => "AUTORECYCLE_${upper(replace(name, "-", "_"))}" }
  environment = [for name, value in local.settings : { name = local.variable_of[name], value = value }]

  # The port is the only thing that the check needs to know of --listen.
  port         = element(reverse(split(":", lookup(var.settings, "listen", "127.0.0.1:9464"))), 0)
  health_check = "exec 3<>/dev/tcp/127.0.0.1/${local.port} && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"

  # Script jobs get their temporary folders there (oncall-scratch). The image declares it as a VOLUME,
  # without which Fargate would give it to root alone.
  scratch = contains(local.roles, "oncall") ? { scratch = "/tmp" } : {}

  canary_tasks = var.canary == null ? 0 : max(1, ceil(var.tasks.min * var.canary.percent / 100))
  services = merge(
    { stable = { name = var.name, image = var.image, tasks = var.tasks.min } },
    var.canary == null ? {} : {
      canary = { name = "${var.name}-canary", image = var.canary.image, tasks = local.canary_tasks }
    },
  )
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/autorecycle/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

resource "aws_ecs_task_definition" "this" {
  for_each = local.services

  family                   = each.value.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = tostring(var.size.cpu)
  memory                   = tostring(var.size.memory)
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  tags                     = var.tags

  dynamic "volume" {
    for_each = local.scratch
    content {
      name = volume.key
    }
  }

  runtime_platform {
    cpu_architecture        = var.size.architecture
    operating_system_family = "LINUX"
  }

  container_definitions = jsonencode(concat([{
    name                   = "worker"
    image                  = each.value.image
    essential              = true
    command                = ["worker"]
    environment            = local.environment
    secrets                = [for name, arn in var.secrets : { name = local.variable_of[name], valueFrom = arn }]
    readonlyRootFilesystem = true
    mountPoints            = [for name, path in local.scratch : { sourceVolume = name, containerPath = path, readOnly = false }]
    stopTimeout            = 120 # Fargate's most; a drain takes --drain-deadline and 10 seconds
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    healthCheck = local.port == "off" ? null : {
      command     = ["CMD", "bash", "-c", local.health_check]
      interval    = 30
      timeout     = 5
      retries     = 4 # two minutes without a turn of its event loop, which no outage of AWS stops
      startPeriod = 90
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = local.region
        awslogs-stream-prefix = each.key
      }
    }
    }], var.xray_image == null ? [] : [{
    name                   = "xray-daemon"
    image                  = var.xray_image
    essential              = false # work goes on without traces
    command                = ["--local-mode=false", "--bind=127.0.0.1:2000", "--bind-tcp=127.0.0.1:2000"]
    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = local.region
        awslogs-stream-prefix = "${each.key}-xray"
      }
    }
  }]))
}

resource "aws_ecs_service" "this" {
  for_each = local.services

  name            = each.value.name
  cluster         = var.cluster.arn
  task_definition = aws_ecs_task_definition.this[each.key].arn
  desired_count   = each.value.tasks
  launch_type     = "FARGATE"
  propagate_tags  = "SERVICE"
  tags            = var.tags

  # New tasks poll before old ones drain; recycles are handed over through their queue.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  dynamic "alarms" {
    for_each = length(var.rollback_alarm_names) > 0 ? [1] : []
    content {
      alarm_names = var.rollback_alarm_names
      enable      = true
      rollback    = true
    }
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.this.id]
    assign_public_ip = false
  }

  lifecycle {
    ignore_changes = [desired_count] # the backlog decides
  }
}

resource "aws_security_group" "this" {
  name_prefix = "${var.name}-"
  description = "autorecycle: HTTPS out, nothing in"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = var.name })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.this.id
  description       = "AWS endpoints"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "gates" {
  for_each = toset(var.gate_egress == null ? [] : [for port in var.gate_egress.ports : tostring(port)])

  security_group_id = aws_security_group.this.id
  description       = "HTTP gates"
  cidr_ipv4         = var.gate_egress.cidr_ipv4
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value)
  to_port           = tonumber(each.value)
}
