# Alarms: what somebody has to get up for. Causes are looked for in dashboards; these are effects, and what runs out.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.69"
    }
  }
}

variable "name" { type = string }
variable "email" { type = string }
variable "kms_key_arn" { type = string }
variable "kafka_cluster" { type = string }
variable "postgres_id" { type = string }
variable "postgres_disk" { type = number }
variable "valkey_id" { type = string }
variable "balancer" { type = string }
variable "cluster" { type = string }
variable "services" { type = list(string) }

locals {
  gib = 1073741824

  alarms = {
    kafka-disk = {
      namespace  = "AWS/Kafka", metric = "KafkaDataLogsDiskUsed", statistic = "Maximum", above = 85
      dimensions = { "Cluster Name" = var.kafka_cluster }, does = "A broker's disk is nearly full"
    }
    kafka-offline = {
      namespace  = "AWS/Kafka", metric = "OfflinePartitionsCount", statistic = "Maximum", above = 0
      dimensions = { "Cluster Name" = var.kafka_cluster }, does = "Partitions without a leader: rooms cannot be written to"
    }
    kafka-copies = {
      namespace  = "AWS/Kafka", metric = "UnderMinIsrPartitionCount", statistic = "Maximum", above = 0
      dimensions = { "Cluster Name" = var.kafka_cluster }, does = "Too few copies: rooms cannot be written to"
    }
    postgres-cpu = {
      namespace  = "AWS/RDS", metric = "CPUUtilization", statistic = "Average", above = 80
      dimensions = { DBInstanceIdentifier = var.postgres_id }, does = "PostgreSQL has little processor time left"
    }
    valkey-memory = {
      namespace  = "AWS/ElastiCache", metric = "DatabaseMemoryUsagePercentage", statistic = "Maximum", above = 85
      dimensions = { ReplicationGroupId = var.valkey_id }, does = "Valkey will refuse to write: repeated commands are then no longer recognised"
    }
    balancer-errors = {
      namespace  = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", statistic = "Sum", above = 50
      dimensions = { LoadBalancer = var.balancer }, does = "Requests that no service answered"
    }
    dead-letters = {
      namespace  = "Roomlog", metric = "dead_letters_total", statistic = "Sum", above = 0
      dimensions = { service = "projector" }, does = "Records that could not be applied: roomlog dlq list"
    }
    projector-lag = {
      namespace  = "Roomlog", metric = "projector_lag_events", statistic = "Maximum", above = 100000
      dimensions = { service = "projector" }, does = "The read models are behind the log"
    }
  }
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = var.kms_key_arn
}

resource "aws_sns_topic_subscription" "email" {
  count = var.email == "" ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.email
}

resource "aws_cloudwatch_metric_alarm" "above" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.does
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "postgres_disk" {
  alarm_name          = "${var.name}-postgres-disk"
  alarm_description   = "PostgreSQL's disk is nearly full"
  namespace           = "AWS/RDS"
  metric_name         = "FreeStorageSpace"
  dimensions          = { DBInstanceIdentifier = var.postgres_id }
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = var.postgres_disk * local.gib / 10
  period              = 300
  evaluation_periods  = 2
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# A service without a process tells nothing, so that missing data is what is looked for.
resource "aws_cloudwatch_metric_alarm" "down" {
  for_each = toset(var.services)

  alarm_name          = "${var.name}-${each.key}-down"
  alarm_description   = "No process of ${each.key} runs"
  namespace           = "ECS/ContainerInsights"
  metric_name         = "RunningTaskCount"
  dimensions          = { ClusterName = var.cluster, ServiceName = each.key }
  statistic           = "Maximum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 3
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

output "topic_arn" {
  description = "Where alarms go; subscribe whatever wakes people."
  value       = aws_sns_topic.alarms.arn
}
