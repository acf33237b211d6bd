# ElastiCache for Valkey: one primary and replicas that take over. What it holds can be lost (docs/operating.md).

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
variable "node_type" { type = string }
variable "replicas" { type = number }
variable "kms_key_arn" { type = string }

variable "password" {
  type      = string
  sensitive = true
}

variable "engine_version" {
  description = "Version of Valkey. Roomlog was tested with 9."
  type        = string
  default     = "8.1"
}

resource "aws_security_group" "valkey" {
  name        = "${var.name}-valkey"
  description = "Valkey"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-valkey" }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  security_group_id            = aws_security_group.valkey.id
  description                  = "Valkey over TLS from the services"
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379
  referenced_security_group_id = var.client_group_id
}

resource "aws_elasticache_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_elasticache_parameter_group" "this" {
  name        = var.name
  family      = "valkey8"
  description = "Roomlog"

  # Keys that are not yet old enough to expire are what makes a command safe to repeat: refuse to write rather than forget
  # them. Commands are then taken without that check, and counted.
  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }
}

resource "aws_elasticache_user" "roomlog" {
  user_id   = var.name
  user_name = "roomlog"
  engine    = "valkey"
  # All keys and channels; no commands that change or stop the server.
  access_string = "on ~* &* +@all -@dangerous +info +client|setname +client|setinfo"
  passwords     = [var.password]
}

resource "aws_elasticache_user_group" "this" {
  user_group_id = var.name
  engine        = "valkey"
  user_ids      = [aws_elasticache_user.roomlog.user_id]
}

resource "aws_elasticache_replication_group" "this" {
  #checkov:skip=CKV_AWS_31:access is by user and password (user_group_ids), which an auth_token excludes
  replication_group_id = var.name
  description          = "Roomlog"
  engine               = "valkey"
  engine_version       = var.engine_version
  node_type            = var.node_type
  port                 = 6379
  parameter_group_name = aws_elasticache_parameter_group.this.name

  # One primary: nothing in Roomlog speaks to a cluster of them.
  num_cache_clusters         = 1 + var.replicas
  automatic_failover_enabled = true
  multi_az_enabled           = true

  at_rest_encryption_enabled = true
  kms_key_id                 = var.kms_key_arn
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  user_group_ids             = [aws_elasticache_user_group.this.user_group_id]

  subnet_group_name  = aws_elasticache_subnet_group.this.name
  security_group_ids = [aws_security_group.valkey.id]

  auto_minor_version_upgrade = true
  maintenance_window         = "sun:04:30-sun:05:30"
  snapshot_retention_limit   = 1
  snapshot_window            = "01:00-02:00"
}

output "address" {
  description = "HOST:PORT of the primary."
  value       = "${aws_elasticache_replication_group.this.primary_endpoint_address}:6379"
}

output "id" {
  description = "Identifier, as metrics have it."
  value       = aws_elasticache_replication_group.this.id
}
