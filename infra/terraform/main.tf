# Roomlog on AWS: MSK, RDS, ElastiCache, ECS on Fargate, S3, CloudFront. README.md tells how to use it, and what was checked.

locals {
  name = "roomlog-${var.environment}"
  tags = {
    application = "roomlog"
    environment = var.environment
    phase       = var.phase.name
    managed-by  = "terraform"
  }
  access = yamldecode(file("${path.module}/../access.yaml")).services
}

module "sizing" {
  source = "./modules/sizing"

  phase    = var.phase
  accepted = var.accepted
}

module "network" {
  source = "./modules/network"

  name        = local.name
  cidr        = var.vpc_cidr
  zones       = var.zones
  region      = var.region
  kms_key_arn = module.secrets.kms_key_arn
}

module "secrets" {
  source = "./modules/secrets"

  name        = local.name
  region      = var.region
  kafka_users = keys(local.access)
  protected   = var.protected
}

module "kafka" {
  source = "./modules/kafka"

  name              = local.name
  vpc_id            = module.network.vpc_id
  subnet_ids        = module.network.data_subnet_ids
  client_group_id   = module.network.services_group_id
  brokers           = module.sizing.kafka.brokers
  instance_type     = module.sizing.kafka.instance_type
  disk_gib          = module.sizing.kafka.disk_gib
  disk_gib_most     = module.sizing.kafka.disk_gib_most
  kms_key_arn       = module.secrets.kms_key_arn
  scram_secret_arns = module.secrets.kafka_secret_arns
}

module "topics" {
  source = "./modules/topics"

  brokers = module.sizing.kafka.brokers
}

module "postgres" {
  source = "./modules/postgres"

  name            = local.name
  vpc_id          = module.network.vpc_id
  subnet_ids      = module.network.data_subnet_ids
  client_group_id = module.network.services_group_id
  instance_class  = module.sizing.postgres.instance_class
  disk_gib        = module.sizing.postgres.disk_gib
  disk_gib_most   = module.sizing.postgres.disk_gib_most
  standby         = module.sizing.postgres.standby
  read_replicas   = var.read_replicas
  connections     = module.sizing.postgres.connections
  password        = module.secrets.postgres_password
  kms_key_arn     = module.secrets.kms_key_arn
  backup_days     = var.backup_days
  protected       = var.protected
}

module "valkey" {
  source = "./modules/valkey"

  name            = local.name
  vpc_id          = module.network.vpc_id
  subnet_ids      = module.network.data_subnet_ids
  client_group_id = module.network.services_group_id
  node_type       = module.sizing.valkey.node_type
  replicas        = module.sizing.valkey.replicas
  password        = module.secrets.valkey_password
  kms_key_arn     = module.secrets.kms_key_arn
}

module "storage" {
  source = "./modules/storage"

  name        = local.name
  kms_key_arn = module.secrets.kms_key_arn
  kept_days   = var.backup_days
  protected   = var.protected
}

module "dns" {
  source = "./modules/dns"
  providers = {
    aws        = aws
    aws.global = aws.global
  }

  domain              = var.domain
  zone                = var.zone
  distribution_domain = module.cdn.domain_name
  distribution_zone   = module.cdn.hosted_zone_id
  origin_domain       = module.services.balancer_domain
  origin_zone         = module.services.balancer_zone
}

module "cdn" {
  source = "./modules/cdn"
  providers = {
    aws = aws.global
  }

  name            = local.name
  domain          = var.domain
  origin          = module.dns.origin
  origin_secret   = module.secrets.origin_secret
  certificate_arn = module.dns.global_certificate_arn
  log_bucket      = module.storage.log_bucket_domain
}

module "services" {
  source = "./modules/services"

  name            = local.name
  region          = var.region
  domain          = var.domain
  image           = var.image
  registry_image  = var.registry_image
  collector_image = var.collector_image

  vpc_id             = module.network.vpc_id
  vpc_cidr           = var.vpc_cidr
  public_subnet_ids  = module.network.public_subnet_ids
  private_subnet_ids = module.network.private_subnet_ids
  services_group_id  = module.network.services_group_id

  sizes            = module.sizing.services
  kafka_users      = keys(local.access)
  kafka_bootstrap  = module.kafka.bootstrap
  kafka_cluster    = module.kafka.cluster_name
  postgres         = module.postgres.address
  postgres_replica = module.postgres.reader_address
  with_replica     = var.read_replicas > 0
  valkey           = module.valkey.address
  files            = module.storage.files
  files_bucket     = module.storage.files_bucket_arn
  log_bucket       = module.storage.log_bucket
  passwords        = module.secrets.passwords
  keys_secret_arn  = module.secrets.keys_secret_arn
  kms_key_arn      = module.secrets.kms_key_arn
  certificate_arn  = module.dns.certificate_arn
  origin_secret    = module.secrets.origin_secret
  protected        = var.protected
  log_days         = var.backup_days
}

module "observability" {
  source = "./modules/observability"

  name          = local.name
  email         = var.alarm_email
  kms_key_arn   = module.secrets.kms_key_arn
  kafka_cluster = module.kafka.cluster_name
  postgres_id   = module.postgres.id
  postgres_disk = module.sizing.postgres.disk_gib
  valkey_id     = module.valkey.id
  balancer      = module.services.balancer_arn_suffix
  cluster       = module.services.cluster_name
  services      = module.services.service_names
}
