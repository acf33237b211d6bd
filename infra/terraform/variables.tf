variable "environment" {
  description = "Name of the environment: part of every name."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment is one of dev, staging, prod."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "zones" {
  description = "Three availability zones, by name: a new one of the region must not move anything."
  type        = list(string)

  validation {
    condition     = length(distinct(var.zones)) == 3
    error_message = "zones are three different availability zones: Kafka keeps a copy in each."
  }
}

variable "domain" {
  description = "Host name of the installation, such as chat.example.org."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain is a host name such as chat.example.org, without a scheme."
  }
}

variable "zone" {
  description = "Name of the hosted zone in Route 53 that the domain is in."
  type        = string
}

variable "image" {
  description = "Image of Roomlog with its digest: REPOSITORY@sha256:..."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image has to name a digest (REPOSITORY@sha256:...): a tag may become another image."
  }
}

variable "registry_image" {
  description = "Image of Apicurio Registry with its digest."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.registry_image))
    error_message = "registry_image has to name a digest (REPOSITORY@sha256:...)."
  }
}

variable "collector_image" {
  description = "Image of the OpenTelemetry collector (AWS distribution) with its digest: the sidecar that reads /metrics."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.collector_image))
    error_message = "collector_image has to name a digest (REPOSITORY@sha256:...)."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the network; /16 to /20."
  type        = string
  default     = "10.40.0.0/16"

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && tonumber(split("/", var.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.vpc_cidr)[1]) <= 20
    error_message = "vpc_cidr is a network of /16 to /20, such as 10.40.0.0/16."
  }
}

variable "alarm_email" {
  description = "Who is told of alarms; empty: nobody."
  type        = string
  default     = ""
}

variable "protected" {
  description = "Nothing that holds data can be deleted by Terraform, and a last snapshot is kept. Off only for throw-away environments."
  type        = bool
  default     = true
}

variable "backup_days" {
  description = "Days for which PostgreSQL can be restored to any second, and for which files that were removed are kept."
  type        = number
  default     = 30

  validation {
    condition     = var.backup_days >= 7 && var.backup_days <= 35
    error_message = "backup_days is from 7 to 35: what RDS keeps for point-in-time recovery."
  }
}

variable "accepted" {
  description = "What the phase needs and Roomlog has not (see phases/*.tfvars): named here, it is known, and applied all the same."
  type        = list(string)
  default     = []
}

# The shape of phases/*.tfvars, which `python -m infra.phases` writes from `roomlog plan`.
variable "phase" {
  description = "How many of what: a load, as `roomlog plan --phases --json` counts it."
  type = object({
    name           = string
    connections    = number
    messages_per_s = number
    ingest         = object({ count = number, for_load = number, memory_gib_each = number, connections_each = number })
    streams        = object({ count = number, for_load = number, memory_gib_each = number })
    projector      = object({ count = number, for_load = number, memory_gib_each = number })
    api            = object({ count = number, for_load = number, memory_gib_each = number })
    kafka = object({
      brokers = number, partitions = number, cores_each = number, memory_gib_each = number, disk_gib_each = number
    })
    postgres = object({
      primaries = number, standbys = number, cores_each = number, memory_gib_each = number, disk_gib_each = number
    })
    valkey = object({ primaries = number, replicas = number, memory_gib_each = number })
  })
}

variable "read_replicas" {
  description = "Read replicas of PostgreSQL, beside the standby."
  type        = number
  default     = 1
}
