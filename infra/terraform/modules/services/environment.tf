data "aws_ip_ranges" "cloudfront" {
  services = ["cloudfront"]
}

# What each service is told. The names are those of roomlog/settings.py, and a check compares them.

locals {
  # A port of each service: what the balancer and the collector ask. Only ingest and api take connections of people.
  ports = {
    ingest    = 8101
    streams   = 8201
    projector = 8301
    indexer   = 8401
    webhooks  = 8501
    notifier  = 8601
    api       = 8080
  }
  # Which servers a service speaks to.
  speaks_to = {
    ingest    = ["kafka", "postgres", "valkey"]
    streams   = ["kafka", "valkey"]
    projector = ["kafka", "postgres"]
    indexer   = ["kafka", "postgres"]
    webhooks  = ["kafka", "postgres"]
    notifier  = ["postgres", "valkey"]
    api       = concat(["kafka", "postgres", "valkey"], var.with_replica ? ["postgres_replica"] : [])
  }

  # Files that the container `keys` writes before a service starts: secret's field -> file, of the services that need them.
  key_files = {
    ingest    = ["jwks", "rds"]
    streams   = []
    projector = ["rds"]
    indexer   = ["rds"]
    webhooks  = ["rds"]
    notifier  = ["rds", "vapid"]
    api       = ["rds", "jwks", "jwt"]
  }
  file_names = { jwt = "jwt.pem", jwks = "jwks.json", vapid = "vapid.pem", rds = "rds.pem" }

  common = {
    ROOMLOG_REGISTRY = "http://registry:8080/apis/ccompat/v7"
    ROOMLOG_DATA     = "/var/lib/roomlog"
    ROOMLOG_HOST     = "0.0.0.0"
    PYTHONUNBUFFERED = "1"
  }
  # People's addresses come through CloudFront and the balancer; without both, limits would take all for one.
  trusted_proxies = join(",", concat([var.vpc_cidr], sort(data.aws_ip_ranges.cloudfront.cidr_blocks)))

  own = {
    ingest = {
      ROOMLOG_JWKS            = "/run/keys/jwks.json"
      ROOMLOG_ORIGINS         = "https://${var.domain}"
      ROOMLOG_TRUSTED_PROXIES = local.trusted_proxies
    }
    streams   = {}
    projector = {}
    indexer   = {}
    webhooks  = {}
    notifier = {
      ROOMLOG_VAPID_PRIVATE_KEY = "/run/keys/vapid.pem"
      ROOMLOG_WEB_URL           = "https://${var.domain}"
    }
    api = {
      ROOMLOG_JWKS            = "/run/keys/jwks.json"
      ROOMLOG_JWT_PRIVATE_KEY = "/run/keys/jwt.pem"
      ROOMLOG_ORIGINS         = "https://${var.domain}"
      ROOMLOG_INGEST_URL      = "wss://${var.domain}/ws"
      ROOMLOG_FILES           = var.files
      ROOMLOG_SECURE_COOKIES  = "true"
      ROOMLOG_TRUSTED_PROXIES = local.trusted_proxies
    }
  }
  environment = {
    for service, port in local.ports : service => merge(local.common, local.own[service], {
      ROOMLOG_PORT         = tostring(port)
      ROOMLOG_METRICS_PORT = tostring(port)
    })
  }

  postgres_options = "roomlog?sslmode=verify-full&sslrootcert=/run/keys/rds.pem"

  # With passwords in them: each in the secret of its service, under the name of the variable.
  addresses = {
    for service in keys(local.ports) : service => {
      for server, address in {
        kafka            = "kafkas://${service}:${lookup(var.passwords.kafka, service, "")}@${var.kafka_bootstrap}"
        postgres         = "postgresql://roomlog:${var.passwords.postgres}@${var.postgres}/${local.postgres_options}"
        postgres_replica = "postgresql://roomlog:${var.passwords.postgres}@${var.postgres_replica}/${local.postgres_options}"
        valkey           = "rediss://roomlog:${var.passwords.valkey}@${var.valkey}/0"
      } : "ROOMLOG_${upper(server)}" => address if contains(local.speaks_to[service], server)
    }
  }
}

resource "aws_secretsmanager_secret" "addresses" {
  #checkov:skip=CKV2_AWS_57:passwords change with Terraform, which then writes new addresses and deploys
  for_each = local.ports

  name                    = "${var.name}/${each.key}"
  description             = "Addresses of servers, with the passwords of ${each.key}"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.protected ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "addresses" {
  for_each = local.ports

  secret_id     = aws_secretsmanager_secret.addresses[each.key].id
  secret_string = jsonencode(local.addresses[each.key])
}

resource "aws_secretsmanager_secret" "registry" {
  #checkov:skip=CKV2_AWS_57:as of the addresses
  name                    = "${var.name}/registry"
  description             = "Password of the schema registry's database"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.protected ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "registry" {
  secret_id     = aws_secretsmanager_secret.registry.id
  secret_string = jsonencode({ password = var.passwords.postgres })
}
