# RDS for PostgreSQL: a primary, a standby in another zone, and read replicas.

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
variable "instance_class" { type = string }
variable "disk_gib" { type = number }
variable "disk_gib_most" { type = number }
variable "standby" { type = bool }
variable "read_replicas" { type = number }
variable "connections" { type = number }
variable "kms_key_arn" { type = string }
variable "backup_days" { type = number }
variable "protected" { type = bool }

variable "password" {
  type      = string
  sensitive = true
}

variable "engine_version" {
  description = "Major version: patches come in the maintenance window."
  type        = string
  default     = "18"
}

locals {
  logs = ["postgresql", "upgrade"]
}

resource "aws_security_group" "postgres" {
  name        = "${var.name}-postgres"
  description = "PostgreSQL"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-postgres" }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  security_group_id            = aws_security_group.postgres.id
  description                  = "PostgreSQL from the services"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  referenced_security_group_id = var.client_group_id
}

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-"
  family      = "postgres${var.engine_version}"
  description = "Roomlog"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name         = "max_connections"
    value        = tostring(var.connections)
    apply_method = "pending-reboot"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  parameter {
    name  = "log_statement"
    value = "ddl"
  }

  # Readers wait for the projection's progress, so that a replica is asked only for what it has.
  parameter {
    name  = "hot_standby_feedback"
    value = "1"
  }

  parameter {
    name         = "shared_preload_libraries"
    value        = "pg_stat_statements"
    apply_method = "pending-reboot"
  }

  lifecycle {
    create_before_destroy = true
  }
}

data "aws_iam_policy_document" "monitoring" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["monitoring.rds.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "monitoring" {
  name               = "${var.name}-rds-monitoring"
  assume_role_policy = data.aws_iam_policy_document.monitoring.json
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

resource "aws_db_instance" "primary" {
  #checkov:skip=CKV_AWS_161:services sign in with a password over TLS: nothing in Roomlog makes IAM tokens
  #checkov:skip=CKV_AWS_293:deletion_protection is `protected`, off only for throw-away environments
  identifier     = var.name
  engine         = "postgres"
  engine_version = var.engine_version
  instance_class = var.instance_class

  db_name  = "roomlog"
  username = "roomlog"
  password = var.password
  port     = 5432

  storage_type          = "gp3"
  allocated_storage     = var.disk_gib
  max_allocated_storage = var.disk_gib_most
  storage_encrypted     = true
  kms_key_id            = var.kms_key_arn

  multi_az               = var.standby
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.postgres.id]
  parameter_group_name   = aws_db_parameter_group.this.name
  publicly_accessible    = false
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  # Point-in-time recovery to any second of these days.
  backup_retention_period   = var.backup_days
  backup_window             = "02:00-03:00"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = !var.protected
  deletion_protection       = var.protected
  skip_final_snapshot       = !var.protected
  final_snapshot_identifier = "${var.name}-last"

  maintenance_window          = "sun:03:30-sun:04:30"
  auto_minor_version_upgrade  = true
  allow_major_version_upgrade = false
  apply_immediately           = false

  enabled_cloudwatch_logs_exports       = local.logs
  monitoring_interval                   = 15
  monitoring_role_arn                   = aws_iam_role.monitoring.arn
  performance_insights_enabled          = true
  performance_insights_kms_key_id       = var.kms_key_arn
  performance_insights_retention_period = 7

  lifecycle {
    # The disk grows by itself.
    ignore_changes = [allocated_storage]
  }
}

resource "aws_db_instance" "replica" {
  #checkov:skip=CKV_AWS_157:a replica is made again from the primary; its spare are the other replicas and the primary
  #checkov:skip=CKV_AWS_161:as of the primary
  #checkov:skip=CKV_AWS_293:as of the primary
  #checkov:skip=CKV_AWS_133:backups are the primary's
  count = var.read_replicas

  identifier          = "${var.name}-replica-${count.index + 1}"
  replicate_source_db = aws_db_instance.primary.identifier
  instance_class      = var.instance_class
  storage_type        = "gp3"
  storage_encrypted   = true
  kms_key_id          = var.kms_key_arn

  max_allocated_storage  = var.disk_gib_most
  vpc_security_group_ids = [aws_security_group.postgres.id]
  parameter_group_name   = aws_db_parameter_group.this.name
  publicly_accessible    = false
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  copy_tags_to_snapshot      = true
  deletion_protection        = var.protected
  skip_final_snapshot        = true
  auto_minor_version_upgrade = true

  enabled_cloudwatch_logs_exports       = local.logs
  monitoring_interval                   = 15
  monitoring_role_arn                   = aws_iam_role.monitoring.arn
  performance_insights_enabled          = true
  performance_insights_kms_key_id       = var.kms_key_arn
  performance_insights_retention_period = 7
}

output "address" {
  description = "HOST:PORT of the primary."
  value       = "${aws_db_instance.primary.address}:${aws_db_instance.primary.port}"
}

output "reader_address" {
  description = "HOST:PORT of the first read replica; empty without one."
  value       = var.read_replicas > 0 ? "${aws_db_instance.replica[0].address}:5432" : ""
}

output "id" {
  description = "Identifier, as metrics have it."
  value       = aws_db_instance.primary.identifier
}
