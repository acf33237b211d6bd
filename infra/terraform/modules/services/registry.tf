# Apicurio Registry: asked only when a process starts. It keeps schemas in PostgreSQL, in a schema of its own.

resource "aws_ecs_task_definition" "registry" {
  family                   = "${var.name}-registry"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.sizes["registry"].cpu
  memory                   = var.sizes["registry"].memory
  execution_role_arn       = aws_iam_role.execution["registry"].arn
  task_role_arn            = aws_iam_role.task["registry"].arn

  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([{
    name                   = "volume"
    image                  = var.image
    essential              = false
    user                   = "0"
    entryPoint             = ["sh", "-c"]
    command                = ["chmod 1777 /tmp"]
    readonlyRootFilesystem = true
    mountPoints            = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
    logConfiguration       = local.logs["registry"]
    }, {
    name                   = "registry"
    image                  = var.registry_image
    essential              = true
    readonlyRootFilesystem = true
    dependsOn              = [{ containerName = "volume", condition = "SUCCESS" }]
    portMappings           = [{ name = "registry", containerPort = 8080, protocol = "tcp" }]
    environment = [
      { name = "APICURIO_STORAGE_KIND", value = "sql" },
      { name = "APICURIO_STORAGE_SQL_KIND", value = "postgresql" },
      { name = "APICURIO_DATASOURCE_URL", value = "jdbc:postgresql://${var.postgres}/roomlog?currentSchema=registry&sslmode=require" },
      { name = "APICURIO_DATASOURCE_USERNAME", value = "roomlog" },
    ]
    secrets          = [{ name = "APICURIO_DATASOURCE_PASSWORD", valueFrom = "${aws_secretsmanager_secret.registry.arn}:password::" }]
    mountPoints      = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
    linuxParameters  = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
    logConfiguration = local.logs["registry"]
  }])
}

resource "aws_ecs_service" "registry" {
  name             = "registry"
  cluster          = aws_ecs_cluster.this.id
  task_definition  = aws_ecs_task_definition.registry.arn
  desired_count    = var.sizes["registry"].count
  launch_type      = "FARGATE"
  platform_version = "LATEST"
  propagate_tags   = "SERVICE"

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

    service {
      port_name      = "registry"
      discovery_name = "registry"

      client_alias {
        dns_name = "registry"
        port     = 8080
      }
    }
  }
}

# Services find the registry there.
resource "aws_vpc_security_group_ingress_rule" "registry" {
  security_group_id            = var.services_group_id
  description                  = "Schema registry, from services"
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
  referenced_security_group_id = var.services_group_id
}

# What people run once: `roomlog migrate` before a deploy, rebuild, verify, dlq. As Kafka's user `operator`.
resource "aws_secretsmanager_secret" "operator" {
  #checkov:skip=CKV2_AWS_57:as of the addresses
  name                    = "${var.name}/operator"
  description             = "Addresses of servers, with the passwords of people at a command line"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.protected ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "operator" {
  secret_id = aws_secretsmanager_secret.operator.id
  secret_string = jsonencode(merge(local.addresses["api"], {
    ROOMLOG_KAFKA = "kafkas://operator:${var.passwords.kafka["operator"]}@${var.kafka_bootstrap}"
  }))
}

resource "aws_ecs_task_definition" "operator" {
  family                   = "${var.name}-operator"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 2048
  memory                   = 8192
  execution_role_arn       = aws_iam_role.execution["operator"].arn
  task_role_arn            = aws_iam_role.task["operator"].arn

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
      command                = [local.write_keys["projector"]]
      readonlyRootFilesystem = true
      secrets                = [{ name = "KEY_RDS", valueFrom = "${var.keys_secret_arn}:rds::" }]
      mountPoints            = local.mounts_of_keys
      logConfiguration       = local.logs["operator"]
    },
    {
      name                   = "operator"
      image                  = var.image
      essential              = true
      entryPoint             = ["python", "-m", "roomlog.cli"]
      command                = ["migrate"]
      readonlyRootFilesystem = true
      dependsOn              = [{ containerName = "keys", condition = "SUCCESS" }]
      environment            = [for name, value in local.common : { name = name, value = value }]
      secrets                = [for name in ["ROOMLOG_KAFKA", "ROOMLOG_POSTGRES", "ROOMLOG_VALKEY"] : { name = name, valueFrom = "${aws_secretsmanager_secret.operator.arn}:${name}::" }]
      mountPoints = [
        { sourceVolume = "keys", containerPath = "/run/keys", readOnly = true },
        { sourceVolume = "data", containerPath = "/var/lib/roomlog", readOnly = false },
        { sourceVolume = "tmp", containerPath = "/tmp", readOnly = false },
      ]
      linuxParameters  = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
      logConfiguration = local.logs["operator"]
    },
  ])
}
