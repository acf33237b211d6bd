# What a plan asks for, in what AWS sells: counts, instance types, disks. Arithmetic only, so that it can be tested.

terraform {
  required_version = ">= 1.11"
}

variable "phase" {
  description = "A phase, as in phases/*.tfvars."
  type        = any
}

variable "accepted" {
  description = "Names of what is missing and known to be."
  type        = list(string)

  validation {
    condition     = length(setsubtract(var.accepted, keys(local.missing_all))) == 0
    error_message = "accepted may name: ${join(", ", keys(local.missing_all))}."
  }
}

locals {
  zones      = 3
  topics     = yamldecode(file("${path.module}/../../../topics.yaml")).topics
  partitions = one([for topic in local.topics : topic.partitions if topic.name == "chat.events"])

  # Cores, GiB; sorted by name, the smallest that is enough is picked by cores and memory together.
  broker_types = {
    "kafka.m7g.large"    = [2, 8]
    "kafka.m7g.xlarge"   = [4, 16]
    "kafka.m7g.2xlarge"  = [8, 32]
    "kafka.m7g.4xlarge"  = [16, 64]
    "kafka.m7g.8xlarge"  = [32, 128]
    "kafka.m7g.12xlarge" = [48, 192]
    "kafka.m7g.16xlarge" = [64, 256]
  }
  database_types = {
    "db.m7g.large"    = [2, 8]
    "db.m7g.xlarge"   = [4, 16]
    "db.m7g.2xlarge"  = [8, 32]
    "db.m7g.4xlarge"  = [16, 64]
    "db.m7g.8xlarge"  = [32, 128]
    "db.m7g.12xlarge" = [48, 192]
    "db.m7g.16xlarge" = [64, 256]
  }
  # What a node type keeps for data, GiB. One core executes commands, so that memory decides.
  cache_types = {
    "cache.m7g.large"   = 6.38
    "cache.m7g.xlarge"  = 12.93
    "cache.r7g.xlarge"  = 26.32
    "cache.r7g.2xlarge" = 52.82
    "cache.r7g.4xlarge" = 105.81
  }
  # A quarter of it is ElastiCache's: replication buffers, snapshots.
  cache_share = 0.75

  broker_fits   = { for type, size in local.broker_types : format("%04d", size[0]) => type if size[0] >= var.phase.kafka.cores_each && size[1] >= var.phase.kafka.memory_gib_each }
  database_fits = { for type, size in local.database_types : format("%04d", size[0]) => type if size[0] >= var.phase.postgres.cores_each && size[1] >= var.phase.postgres.memory_gib_each }
  cache_fits    = { for type, size in local.cache_types : format("%08.2f", size) => type if size * local.cache_share >= var.phase.valkey.memory_gib_each }

  # MSK spreads brokers evenly over the zones, and gives each 16 TiB at most.
  brokers     = ceil(var.phase.kafka.brokers / local.zones) * local.zones
  broker_disk = ceil(max(100, var.phase.kafka.disk_gib_each * var.phase.kafka.brokers / local.brokers))
  broker_most = 16384

  database_disk = ceil(max(100, var.phase.postgres.disk_gib_each))
  database_most = 65536

  missing_all = {
    valkey_cluster    = "${var.phase.valkey.primaries} Valkey servers are needed, and Roomlog uses one"
    postgres_cluster  = "${var.phase.postgres.primaries} PostgreSQL primaries are needed, and Roomlog writes to one"
    partitions        = "${var.phase.kafka.partitions} partitions are needed, and infra/topics.yaml has ${local.partitions}: fixed for a log's epoch"
    postgres_disk     = "PostgreSQL needs ${local.database_disk} GiB, and RDS has ${local.database_most}"
    kafka_disk        = "each broker needs ${local.broker_disk} GiB, and MSK has ${local.broker_most}"
    instance_too_big  = "no instance type is large enough"
    too_many_machines = "MSK has 60 brokers a cluster at most"
  }
  missing_now = {
    valkey_cluster    = var.phase.valkey.primaries > 1
    postgres_cluster  = var.phase.postgres.primaries > 1
    partitions        = var.phase.kafka.partitions != local.partitions
    postgres_disk     = local.database_disk > local.database_most
    kafka_disk        = local.broker_disk > local.broker_most
    instance_too_big  = length(local.broker_fits) == 0 || length(local.database_fits) == 0 || length(local.cache_fits) == 0
    too_many_machines = local.brokers > 60
  }
  missing = { for name, is_missing in local.missing_now : name => local.missing_all[name] if is_missing }
  refused = { for name, text in local.missing : name => text if !contains(var.accepted, name) }

  # Fargate sells a quarter, a half, one, two ... processors, with 2 to 8 GiB for each whole one. A process is one core.
  memory = { for kind in ["ingest", "streams", "projector", "api"] : kind => max(2048, 1024 * ceil(var.phase[kind].memory_gib_each * 2)) }

  useful = { ingest = 10000, streams = local.partitions, projector = local.partitions, api = 10000 }

  services = {
    for kind in ["ingest", "streams", "projector", "api"] : kind => {
      cpu    = 1024
      memory = local.memory[kind]
      # Growth of one half, and never more consumers than partitions.
      count = min(var.phase[kind].count, local.useful[kind])
      most  = min(ceil(var.phase[kind].count * 1.5), local.useful[kind])
    }
  }
  # Not in the plan: one is enough for the load, and one is spare. Two senders share the work by partition or row.
  small = {
    indexer  = { cpu = 512, memory = 1024, count = 2, most = 4 }
    webhooks = { cpu = 256, memory = 1024, count = 2, most = 4 }
    notifier = { cpu = 256, memory = 1024, count = 2, most = 2 }
    registry = { cpu = 512, memory = 1024, count = 2, most = 2 }
  }
}

output "kafka" {
  description = "Brokers: how many, of which type, with which disks."
  value = {
    brokers       = local.brokers
    instance_type = try(local.broker_fits[sort(keys(local.broker_fits))[0]], "")
    disk_gib      = min(local.broker_disk, local.broker_most)
    disk_gib_most = local.broker_most
  }

  precondition {
    condition     = length(local.refused) == 0
    error_message = "Phase ${var.phase.name} cannot be had as it is: ${join("; ", [for name, text in local.refused : "${text} (${name})"])}. Name it in `accepted` to go on all the same."
  }
}

output "postgres" {
  description = "The database."
  value = {
    instance_class = try(local.database_fits[sort(keys(local.database_fits))[0]], "")
    disk_gib       = min(local.database_disk, local.database_most)
    disk_gib_most  = min(local.database_most, 2 * local.database_disk)
    standby        = var.phase.postgres.standbys > 0
    # 8 a process (ROOMLOG_DATABASE_POOL), as many again while a deploy runs, and some for people.
    connections = 50 + 16 * sum([for service in merge(local.services, local.small) : service.most])
  }
}

output "valkey" {
  description = "The cache."
  value = {
    node_type = try(local.cache_fits[sort(keys(local.cache_fits))[0]], "")
    replicas  = max(1, floor(var.phase.valkey.replicas / max(1, var.phase.valkey.primaries)))
  }
}

output "services" {
  description = "Processes: processor units and MiB of each, how many, and how many at most. `connections` is the target of one node."
  value = { for kind, size in merge(local.services, local.small) : kind => merge(size, {
    connections = kind == "ingest" ? var.phase.ingest.connections_each : 0
  }) }
}

output "missing" {
  description = "What the phase needs and is not there."
  value       = local.missing
}
