# How many of each: by processor, and by what runs out first: connections of nodes, lag of consumers.

locals {
  scaled = { for kind, size in var.sizes : kind => size if contains(keys(local.ports), kind) }

  # Metrics of Roomlog's own (collector.yaml): the mean of nodes, the worst of consumers.
  own_metrics = {
    ingest    = { metric = "ws_connections_active", statistic = "Average", target = floor(max(1, var.sizes["ingest"].connections) * 0.8) }
    projector = { metric = "projector_lag_events", statistic = "Maximum", target = 50000 }
    indexer   = { metric = "indexer_lag_events", statistic = "Maximum", target = 50000 }
    webhooks  = { metric = "webhooks_lag_events", statistic = "Maximum", target = 50000 }
  }
}

resource "aws_appautoscaling_target" "this" {
  for_each = local.scaled

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.this[each.key].name}"
  min_capacity       = each.value.count
  max_capacity       = each.value.most
}

resource "aws_appautoscaling_policy" "cpu" {
  for_each = local.scaled

  name               = "${var.name}-${each.key}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[each.key].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[each.key].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[each.key].resource_id

  target_tracking_scaling_policy_configuration {
    # The plan uses half of a core at the peak.
    target_value       = 50
    scale_out_cooldown = 60
    scale_in_cooldown  = 900

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

resource "aws_appautoscaling_policy" "own" {
  for_each = local.own_metrics

  name               = "${var.name}-${each.key}-${each.value.metric}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[each.key].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[each.key].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[each.key].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = each.value.target
    scale_out_cooldown = 120
    scale_in_cooldown  = 900

    customized_metric_specification {
      namespace   = "Roomlog"
      metric_name = each.value.metric
      statistic   = each.value.statistic

      dimensions {
        name  = "service"
        value = each.key
      }
    }
  }
}

# Streams commit what they examined to Kafka, so that MSK knows their lag.
resource "aws_appautoscaling_policy" "streams_lag" {
  name               = "${var.name}-streams-lag"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this["streams"].service_namespace
  scalable_dimension = aws_appautoscaling_target.this["streams"].scalable_dimension
  resource_id        = aws_appautoscaling_target.this["streams"].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = 50000
    scale_out_cooldown = 120
    scale_in_cooldown  = 900

    customized_metric_specification {
      namespace   = "AWS/Kafka"
      metric_name = "SumOffsetLag"
      statistic   = "Average"

      dimensions {
        name  = "Cluster Name"
        value = var.kafka_cluster
      }
      dimensions {
        name  = "Consumer Group"
        value = "roomlog-streams"
      }
      dimensions {
        name  = "Topic"
        value = "chat.events"
      }
    }
  }
}
