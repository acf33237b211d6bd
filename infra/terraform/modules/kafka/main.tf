# MSK: the log. Nothing here is made again from anything, so copies, protection and alarms are strictest here.

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
variable "vpc_id" { type = string }
variable "subnet_ids" { type = list(string) }
variable "client_group_id" { type = string }
variable "brokers" { type = number }
variable "instance_type" { type = string }
variable "disk_gib" { type = number }
variable "disk_gib_most" { type = number }
variable "kms_key_arn" { type = string }
variable "scram_secret_arns" { type = list(string) }

variable "kafka_version" {
  description = "Version of Kafka. Roomlog was tested with 4.3; needs 3.0 or newer, where Write on a topic is enough for an idempotent producer."
  type        = string
  default     = "4.0.x.kraft"
}

locals {
  # SASL/SCRAM for services, IAM for whoever makes topics and access lists. Both over TLS, nothing else is open.
  ports = { scram = 9096, iam = 9098 }
}

resource "aws_security_group" "kafka" {
  name        = "${var.name}-kafka"
  description = "Kafka"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-kafka" }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = local.ports

  security_group_id            = aws_security_group.kafka.id
  description                  = "Kafka over TLS (${each.key}) from the services"
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
  referenced_security_group_id = var.client_group_id
}

resource "aws_msk_configuration" "this" {
  name           = var.name
  kafka_versions = [var.kafka_version]

  # As in the local stack and in infra/docker-compose.kafka.yml. Topics bring their own min.insync.replicas.
  server_properties = <<-EOT
    auto.create.topics.enable=false
    allow.everyone.if.no.acl.found=false
    default.replication.factor=3
    min.insync.replicas=2
    unclean.leader.election.enable=false
    log.message.timestamp.type=LogAppendTime
    message.max.bytes=2097152
    group.min.session.timeout.ms=6000
    offsets.retention.minutes=10080
  EOT

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "kafka" {
  name              = "/roomlog/${var.name}/kafka"
  retention_in_days = 365
  kms_key_id        = var.kms_key_arn
}

resource "aws_msk_cluster" "this" {
  cluster_name           = var.name
  kafka_version          = var.kafka_version
  number_of_broker_nodes = var.brokers
  enhanced_monitoring    = "PER_TOPIC_PER_BROKER"

  broker_node_group_info {
    instance_type   = var.instance_type
    client_subnets  = var.subnet_ids
    security_groups = [aws_security_group.kafka.id]

    storage_info {
      ebs_storage_info {
        volume_size = var.disk_gib
      }
    }
  }

  client_authentication {
    unauthenticated = false

    sasl {
      scram = true
      iam   = true
    }
  }

  configuration_info {
    arn      = aws_msk_configuration.this.arn
    revision = aws_msk_configuration.this.latest_revision
  }

  encryption_info {
    encryption_at_rest_kms_key_arn = var.kms_key_arn

    encryption_in_transit {
      client_broker = "TLS"
      in_cluster    = true
    }
  }

  open_monitoring {
    prometheus {
      jmx_exporter {
        enabled_in_broker = true
      }
      node_exporter {
        enabled_in_broker = true
      }
    }
  }

  logging_info {
    broker_logs {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.kafka.name
      }
    }
  }

  # The log is the truth: this cluster is never destroyed by a plan. Disks grow by themselves, and never shrink.
  lifecycle {
    prevent_destroy = true
    ignore_changes  = [broker_node_group_info[0].storage_info[0].ebs_storage_info[0].volume_size]
  }
}

resource "aws_msk_scram_secret_association" "this" {
  cluster_arn     = aws_msk_cluster.this.arn
  secret_arn_list = var.scram_secret_arns
}

resource "aws_appautoscaling_target" "disk" {
  service_namespace  = "kafka"
  scalable_dimension = "kafka:broker-storage:VolumeSize"
  resource_id        = aws_msk_cluster.this.arn
  min_capacity       = 1
  max_capacity       = var.disk_gib_most
}

resource "aws_appautoscaling_policy" "disk" {
  name               = "${var.name}-kafka-disk"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.disk.service_namespace
  scalable_dimension = aws_appautoscaling_target.disk.scalable_dimension
  resource_id        = aws_appautoscaling_target.disk.resource_id

  target_tracking_scaling_policy_configuration {
    target_value     = 70
    disable_scale_in = true

    predefined_metric_specification {
      predefined_metric_type = "KafkaBrokerStorageUtilization"
    }
  }
}

output "bootstrap" {
  description = "Bootstrap servers for services: SASL/SCRAM over TLS. Behind it once users are known to the cluster."
  value       = aws_msk_cluster.this.bootstrap_brokers_sasl_scram
  depends_on  = [aws_msk_scram_secret_association.this]
}

output "bootstrap_admin" {
  description = "Bootstrap servers for whoever makes topics and access lists: IAM over TLS."
  value       = aws_msk_cluster.this.bootstrap_brokers_sasl_iam
}

output "cluster_name" {
  description = "Name of the cluster, as metrics have it."
  value       = aws_msk_cluster.this.cluster_name
}
