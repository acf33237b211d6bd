# ECS on Fargate: a service of each kind, each with a role, a secret and a log of its own.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.69"
    }
  }
}

data "aws_caller_identity" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  kinds   = toset(keys(local.ports))

  # The image's entry point is `roomlog`. A node takes its name from where it runs: nothing else can tell it there.
  start = {
    for kind in keys(local.ports) : kind => kind == "ingest" ? {
      entryPoint = ["sh", "-c"]
      command    = ["ROOMLOG_NODE=$(hostname | cut -d. -f1) exec python -m roomlog.cli ingest"]
      } : {
      entryPoint = ["python", "-m", "roomlog.cli"]
      command    = [kind]
    }
  }
  write_keys = {
    for kind, fields in local.key_files : kind => join(" && ", concat(
      ["umask 077"],
      [for field in fields : "printf %s \"$KEY_${upper(field)}\" > /run/keys/${local.file_names[field]}"],
      ["chmod -R a+rX /run/keys"],
      ["chmod 1777 /var/lib/roomlog /tmp"], # volumes are root's, services are not
    ))
  }
  logs = {
    for kind in concat(keys(local.ports), ["registry", "operator"]) : kind => {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this[kind].name
        awslogs-region        = var.region
        awslogs-stream-prefix = kind
      }
    }
  }
  volumes = ["keys", "data", "tmp"]
  mounts_of_keys = [
    { sourceVolume = "keys", containerPath = "/run/keys", readOnly = false },
    { sourceVolume = "data", containerPath = "/var/lib/roomlog", readOnly = false },
    { sourceVolume = "tmp", containerPath = "/tmp", readOnly = false },
  ]
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }

  configuration {
    execute_command_configuration {
      kms_key_id = var.kms_key_arn
      logging    = "OVERRIDE"

      log_configuration {
        cloud_watch_encryption_enabled = true
        cloud_watch_log_group_name     = aws_cloudwatch_log_group.this["operator"].name
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(concat(keys(local.ports), ["registry", "operator", "metrics"]))

  name              = "/roomlog/${var.name}/${each.key}"
  retention_in_days = 365
  kms_key_id        = var.kms_key_arn
}

# Names inside: registry.
resource "aws_service_discovery_http_namespace" "this" {
  name = var.name
}

resource "aws_ecs_task_definition" "this" {
  for_each = local.kinds

  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.sizes[each.key].cpu
  memory                   = var.sizes[each.key].memory
  execution_role_arn       = aws_iam_role.execution[each.key].arn
  task_role_arn            = aws_iam_role.task[each.key].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  dynamic "volume" {
    for_each = local.volumes

    content {
      name = volume.value
    }
  }

  container_definitions = jsonencode([
    {
      name                   = "keys"
      image                  = var.image
      essential              = false
      user                   = "0"
      entryPoint             = ["sh", "-c"]
      command                = [local.write_keys[each.key]]
      readonlyRootFilesystem = true
      secrets                = [for field in local.key_files[each.key] : { name = "KEY_${upper(field)}", valueFrom = "${var.keys_secret_arn}:${field}::" }]
      mountPoints            = local.mounts_of_keys
      logConfiguration       = local.logs[each.key]
    },
    {
      name                   = each.key
      image                  = var.image
      essential              = true
      entryPoint             = local.start[each.key].entryPoint
      command                = local.start[each.key].command
      readonlyRootFilesystem = true
      # A node says goodbye and ends within 10 s.
      stopTimeout  = 30
      dependsOn    = [{ containerName = "keys", condition = "SUCCESS" }]
      portMappings = [{ name = each.key, containerPort = local.ports[each.key], protocol = "tcp" }]
      environment  = [for name, value in local.environment[each.key] : { name = name, value = value }]
      secrets      = [for name in sort(nonsensitive(keys(local.addresses[each.key]))) : { name = name, valueFrom = "${aws_secretsmanager_secret.addresses[each.key].arn}:${name}::" }]
      mountPoints = [
        { sourceVolume = "keys", containerPath = "/run/keys", readOnly = true },
        { sourceVolume = "data", containerPath = "/var/lib/roomlog", readOnly = false },
        { sourceVolume = "tmp", containerPath = "/tmp", readOnly = false },
      ]
      ulimits          = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]
      linuxParameters  = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
      logConfiguration = local.logs[each.key]
      healthCheck = {
        # Alive is not ready: a server that is away must not make all services start again at once.
        command     = ["CMD-SHELL", "python -c \"import urllib.request as u; u.urlopen('http://127.0.0.1:${local.ports[each.key]}/healthz', timeout=3)\""]
        interval    = 10
        timeout     = 5
        retries     = 3
        startPeriod = 60
      }
    },
    {
      name                   = "collector"
      image                  = var.collector_image
      essential              = false
      readonlyRootFilesystem = true
      environment = [{
        name = "AOT_CONFIG_CONTENT"
        value = templatefile("${path.module}/collector.yaml", {
          service   = each.key
          port      = local.ports[each.key]
          region    = var.region
          log_group = aws_cloudwatch_log_group.this["metrics"].name
        })
      }]
      logConfiguration = local.logs[each.key]
    },
  ])
}

resource "aws_ecs_service" "this" {
  for_each = local.kinds

  name                   = each.key
  cluster                = aws_ecs_cluster.this.id
  task_definition        = aws_ecs_task_definition.this[each.key].arn
  desired_count          = var.sizes[each.key].count
  launch_type            = "FARGATE"
  platform_version       = "LATEST"
  enable_execute_command = true
  propagate_tags         = "SERVICE"

  # New ones are there before old ones go.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = contains(["ingest", "api"], each.key) ? 60 : null

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.private_subnet_ids
    security_groups  = [var.services_group_id]
    assign_public_ip = false
  }

  service_connect_configuration {
    enabled   = true
    namespace = aws_service_discovery_http_namespace.this.arn
  }

  dynamic "load_balancer" {
    for_each = contains(["ingest", "api"], each.key) ? [each.key] : []

    content {
      target_group_arn = aws_lb_target_group.this[load_balancer.value].arn
      container_name   = load_balancer.value
      container_port   = local.ports[load_balancer.value]
    }
  }

  lifecycle {
    # Autoscaling decides.
    ignore_changes = [desired_count]
  }

  depends_on = [aws_lb_listener_rule.this, aws_ecs_service.registry]
}
