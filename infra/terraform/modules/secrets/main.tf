# One key for all data at rest, a password for each user, and an empty secret for the keys that people make.
#
# Passwords are in the state: its bucket is encrypted, and whoever may read it may read all there is.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.69"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.7"
    }
  }
}

variable "name" { type = string }
variable "region" { type = string }
variable "kafka_users" { type = list(string) }
variable "protected" { type = bool }

data "aws_caller_identity" "this" {}

# The account may manage the key; services may use it for what is theirs, through the service that stores it.
data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:a key's policy names the key itself as *: there is no other resource in it
  #checkov:skip=CKV_AWS_111:a key's policy is about that key alone, whatever its resource says
  #checkov:skip=CKV_AWS_356:a key's policy is about that key alone, whatever its resource says
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.this.account_id}:root"]
    }
  }

  statement {
    sid       = "Logs"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:aws:logs:${var.region}:${data.aws_caller_identity.this.account_id}:log-group:/roomlog/*"]
    }
  }

  statement {
    sid       = "Alarms"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "${var.name}: all data at rest"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}

# Letters and digits alone: they go into URLs as they are.
resource "random_password" "kafka" {
  for_each = toset(var.kafka_users)

  length  = 32
  special = false
}

resource "random_password" "postgres" {
  length  = 32
  special = false
}

resource "random_password" "valkey" {
  length  = 64
  special = false
}

# What CloudFront shows the balancer, so that nobody goes around it.
resource "random_password" "origin" {
  length  = 48
  special = false
}

# MSK takes only secrets whose name begins like this, encrypted with a key of the customer.
resource "aws_secretsmanager_secret" "kafka" {
  #checkov:skip=CKV2_AWS_57:a password is changed by a new one in Terraform and a deploy; MSK has no rotation of its own
  for_each = toset(var.kafka_users)

  name                    = "AmazonMSK_${var.name}_${each.key}"
  description             = "Kafka user ${each.key}"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.protected ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "kafka" {
  for_each = toset(var.kafka_users)

  secret_id     = aws_secretsmanager_secret.kafka[each.key].id
  secret_string = jsonencode({ username = each.key, password = random_password.kafka[each.key].result })
}

data "aws_iam_policy_document" "kafka" {
  for_each = toset(var.kafka_users)

  statement {
    sid       = "Brokers"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.kafka[each.key].arn]

    principals {
      type        = "Service"
      identifiers = ["kafka.amazonaws.com"]
    }
  }
}

resource "aws_secretsmanager_secret_policy" "kafka" {
  for_each = toset(var.kafka_users)

  secret_arn          = aws_secretsmanager_secret.kafka[each.key].arn
  policy              = data.aws_iam_policy_document.kafka[each.key].json
  block_public_policy = true
}

# jwt (PEM), jwks (JSON), vapid (PEM): put in by people, never seen by Terraform.
resource "aws_secretsmanager_secret" "keys" {
  #checkov:skip=CKV2_AWS_57:a new signing key signs everybody out: that is a decision, not a schedule
  name                    = "${var.name}/keys"
  description             = "Signing keys: jwt, jwks, vapid"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.protected ? 30 : 0
}

output "kms_key_arn" {
  description = "The key of all data at rest."
  value       = aws_kms_key.this.arn
}

output "kafka_secret_arns" {
  description = "For MSK."
  value       = [for version in aws_secretsmanager_secret_version.kafka : version.secret_id]
  depends_on  = [aws_secretsmanager_secret_policy.kafka]
}

output "keys_secret_arn" {
  description = "The secret that people fill."
  value       = aws_secretsmanager_secret.keys.arn
}

output "passwords" {
  description = "Passwords of Kafka's users, of PostgreSQL and of Valkey."
  sensitive   = true
  value = {
    kafka    = { for user in var.kafka_users : user => random_password.kafka[user].result }
    postgres = random_password.postgres.result
    valkey   = random_password.valkey.result
  }
}

output "postgres_password" {
  description = "Of the role roomlog."
  sensitive   = true
  value       = random_password.postgres.result
}

output "valkey_password" {
  description = "Of the user roomlog."
  sensitive   = true
  value       = random_password.valkey.result
}

output "origin_secret" {
  description = "What CloudFront shows the balancer."
  sensitive   = true
  value       = random_password.origin.result
}
