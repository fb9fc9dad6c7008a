# Backlog per task: what waits in the queues, divided by the tasks that run.
locals {
  scaled_roles = sort(setintersection(local.roles, var.scaling.roles))
  is_scaled    = length(local.scaled_roles) > 0 && var.tasks.max > var.tasks.min
}

resource "aws_appautoscaling_target" "this" {
  count = local.is_scaled ? 1 : 0

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.cluster.name}/${aws_ecs_service.this["stable"].name}"
  min_capacity       = var.tasks.min
  max_capacity       = var.tasks.max
  tags               = var.tags
}

resource "aws_appautoscaling_policy" "backlog" {
  count = local.is_scaled ? 1 : 0

  name               = "backlog-per-task"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.scaling.backlog_per_task
    scale_out_cooldown = 60
    scale_in_cooldown  = 600

    customized_metric_specification {
      dynamic "metrics" {
        for_each = local.scaled_roles
        content {
          id          = "waiting_${metrics.value}"
          return_data = false
          metric_stat {
            stat = "Average"
            metric {
              namespace   = "AWS/SQS"
              metric_name = "ApproximateNumberOfMessagesVisible"
              dimensions {
                name  = "QueueName"
                value = var.queues[metrics.value].name
              }
            }
          }
        }
      }

      metrics {
        id          = "tasks"
        return_data = false
        metric_stat {
          stat = "Average"
          metric {
            namespace   = "ECS/ContainerInsights"
            metric_name = "RunningTaskCount"
            dimensions {
              name  = "ClusterName"
              value = var.cluster.name
            }
            dimensions {
              name  = "ServiceName"
              value = aws_ecs_service.this["stable"].name
            }
          }
        }
      }

      metrics {
        id          = "backlog_per_task"
        label       = "Waiting messages per task"
        expression  = "(${join(" + ", [for role in local.scaled_roles : "FILL(waiting_${role}, 0)"])}) / FILL(tasks, ${var.tasks.min})"
        return_data = true
      }
    }
  }
}
