variable "name" { type = string }
variable "region" { type = string }
variable "domain" { type = string }
variable "image" { type = string }
variable "registry_image" { type = string }
variable "collector_image" { type = string }
variable "vpc_id" { type = string }
variable "public_subnet_ids" { type = list(string) }
variable "private_subnet_ids" { type = list(string) }
variable "services_group_id" { type = string }
variable "kafka_users" { type = list(string) }
variable "kafka_bootstrap" { type = string }
variable "kafka_cluster" { type = string }
variable "postgres" { type = string }
variable "postgres_replica" { type = string }
variable "with_replica" { type = bool }
variable "vpc_cidr" { type = string }
variable "valkey" { type = string }
variable "files" { type = string }
variable "files_bucket" { type = string }
variable "log_bucket" { type = string }
variable "keys_secret_arn" { type = string }
variable "kms_key_arn" { type = string }
variable "certificate_arn" { type = string }
variable "protected" { type = bool }
variable "log_days" { type = number }

variable "sizes" {
  description = "Of each service: processor units, MiB, how many, how many at most, connections of one."
  type = map(object({
    cpu         = number
    memory      = number
    count       = number
    most        = number
    connections = number
  }))
}

variable "passwords" {
  description = "Passwords of Kafka's users, of PostgreSQL and of Valkey."
  sensitive   = true
  type = object({
    kafka    = map(string)
    postgres = string
    valkey   = string
  })
}

variable "origin_secret" {
  type      = string
  sensitive = true
}
