# Two roles of each service: `execution` is ECS's while it starts a task, `task` is the process's own. Both may do what this
# service needs and nothing that another needs.

locals {
  roles = toset(concat(keys(local.ports), ["registry", "operator"]))
  own_secret = merge(
    { for kind in keys(local.ports) : kind => aws_secretsmanager_secret.addresses[kind].arn },
    { registry = aws_secretsmanager_secret.registry.arn, operator = aws_secretsmanager_secret.operator.arn },
  )
  needs_keys = merge({ for kind, fields in local.key_files : kind => length(fields) > 0 }, { registry = false, operator = true })
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "execution" {
  #checkov:skip=CKV_AWS_356:GetAuthorizationToken has no resource
  for_each = local.roles

  statement {
    sid       = "Token"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "Image"
    actions   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
    resources = ["arn:aws:ecr:${var.region}:${local.account}:repository/*"]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this[each.key].arn}:*"]
  }

  statement {
    sid       = "Secrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = concat([local.own_secret[each.key]], local.needs_keys[each.key] ? [var.keys_secret_arn] : [])
  }

  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${var.region}.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "task" {
  for_each = local.roles

  statement {
    sid       = "Metrics"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    resources = ["${aws_cloudwatch_log_group.this["metrics"].arn}:*"]
  }

  dynamic "statement" {
    for_each = each.key == "api" ? [1] : []

    content {
      sid       = "Files"
      actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
      resources = ["${var.files_bucket}/files/*"]
    }
  }

  dynamic "statement" {
    for_each = each.key == "api" ? [1] : []

    content {
      sid       = "ListFiles"
      actions   = ["s3:ListBucket"]
      resources = [var.files_bucket]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = ["files/*"]
      }
    }
  }

  dynamic "statement" {
    for_each = each.key == "api" ? [1] : []

    content {
      sid       = "FilesKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [var.kms_key_arn]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${var.region}.amazonaws.com"]
      }
    }
  }
}

resource "aws_iam_role" "execution" {
  for_each = local.roles

  name               = "${var.name}-${each.key}-execution"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "execution" {
  for_each = local.roles

  name   = "start"
  role   = aws_iam_role.execution[each.key].id
  policy = data.aws_iam_policy_document.execution[each.key].json
}

resource "aws_iam_role" "task" {
  for_each = local.roles

  name               = "${var.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "task" {
  for_each = local.roles

  name   = "own"
  role   = aws_iam_role.task[each.key].id
  policy = data.aws_iam_policy_document.task[each.key].json
}
