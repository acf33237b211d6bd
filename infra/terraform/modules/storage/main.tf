# Where files are (private, only the API reads and writes it), and where access logs go.

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
variable "kms_key_arn" { type = string }
variable "kept_days" { type = number }
variable "protected" { type = bool }

data "aws_caller_identity" "this" {}
data "aws_region" "this" {}

locals {
  buckets = {
    files = "${var.name}-files-${data.aws_caller_identity.this.account_id}"
    logs  = "${var.name}-logs-${data.aws_caller_identity.this.account_id}"
  }
}

resource "aws_s3_bucket" "files" {
  #checkov:skip=CKV_AWS_144:a copy in another region is a decision of the operator; versions are kept in this one
  #checkov:skip=CKV2_AWS_62:nobody has to be told of a new file
  bucket        = local.buckets.files
  force_destroy = !var.protected
}

resource "aws_s3_bucket" "logs" {
  #checkov:skip=CKV_AWS_144:access logs are of use for a while, and here
  #checkov:skip=CKV2_AWS_62:nobody has to be told of a new log
  #checkov:skip=CKV_AWS_145:balancers write their logs only with the storage's own key (SSE-S3)
  #checkov:skip=CKV_AWS_18:the log of the log bucket would never end
  bucket        = local.buckets.logs
  force_destroy = !var.protected
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = { files = aws_s3_bucket.files.id, logs = aws_s3_bucket.logs.id }

  bucket                  = each.value
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "files" {
  bucket = aws_s3_bucket.files.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# CloudFront writes its logs through an access list.
resource "aws_s3_bucket_ownership_controls" "logs" {
  #checkov:skip=CKV2_AWS_65:CloudFront's standard logs need access lists; they are of the owner alone
  bucket = aws_s3_bucket.logs.id

  rule {
    object_ownership = "BucketOwnerPreferred"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "files" {
  bucket = aws_s3_bucket.files.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = { files = aws_s3_bucket.files.id, logs = aws_s3_bucket.logs.id }

  bucket = each.value

  versioning_configuration {
    status = "Enabled"
  }
}

# What was removed can be had back for as long as PostgreSQL can be set back.
resource "aws_s3_bucket_lifecycle_configuration" "files" {
  bucket = aws_s3_bucket.files.id

  rule {
    id     = "removed"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.kept_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    id     = "old"
    status = "Enabled"

    filter {}

    expiration {
      days = 90
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

resource "aws_s3_bucket_logging" "files" {
  bucket        = aws_s3_bucket.files.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "files/"
}

data "aws_iam_policy_document" "files" {
  statement {
    sid       = "OnlyTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.files.arn, "${aws_s3_bucket.files.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "files" {
  bucket = aws_s3_bucket.files.id
  policy = data.aws_iam_policy_document.files.json
}

data "aws_iam_policy_document" "logs" {
  statement {
    sid       = "OnlyTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.logs.arn, "${aws_s3_bucket.logs.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid       = "Writers"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.logs.arn}/*"]

    principals {
      type        = "Service"
      identifiers = ["logdelivery.elasticloadbalancing.amazonaws.com", "logging.s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id
  policy = data.aws_iam_policy_document.logs.json
}

output "files" {
  description = "As ROOMLOG_FILES has it."
  value       = "s3://${aws_s3_bucket.files.bucket}/files?region=${data.aws_region.this.region}"
}

output "files_bucket_arn" {
  description = "For the API's role."
  value       = aws_s3_bucket.files.arn
}

output "log_bucket" {
  description = "For access logs; behind it once its policy is there."
  value       = aws_s3_bucket_policy.logs.bucket
}

output "log_bucket_domain" {
  description = "The same, as CloudFront wants it."
  value       = aws_s3_bucket.logs.bucket_domain_name
}
