# The topics of infra/topics.yaml, the same file that `roomlog topics apply` reads, and the rights of infra/access.yaml.

terraform {
  required_version = ">= 1.11"
  required_providers {
    kafka = {
      source  = "Mongey/kafka"
      version = "~> 0.8"
    }
  }
}

variable "brokers" {
  description = "How many brokers the cluster has: a topic has no more replicas than that."
  type        = number
  default     = 3

  validation {
    condition     = var.brokers >= 1
    error_message = "A cluster has at least one broker."
  }
}

locals {
  topics   = { for topic in yamldecode(file("${path.module}/../../../topics.yaml")).topics : topic.name => topic }
  services = yamldecode(file("${path.module}/../../../access.yaml")).services

  on_topics = concat(
    flatten([for user, may in local.services : [for topic in may.produce : { user = user, topic = topic, operation = "Write" }]]),
    flatten([for user, may in local.services : [for topic in may.consume : { user = user, topic = topic, operation = "Read" }]]),
  )
  on_groups = { for user, may in local.services : user => may.group if can(may.group) }
}

resource "kafka_topic" "this" {
  for_each = local.topics

  name               = each.key
  partitions         = each.value.partitions
  replication_factor = min(each.value.replication, var.brokers)
  config = merge(
    { "min.insync.replicas" = tostring(max(1, min(each.value.replication, var.brokers) - 1)) },
    each.value.config,
  )

  # The number of partitions belongs to the log's epoch: cursors name offsets within a partition.
  lifecycle {
    prevent_destroy = true
  }
}

# Describe comes with Read and with Write. Nothing else is allowed to anybody (allow.everyone.if.no.acl.found=false).
resource "kafka_acl" "topic" {
  for_each = { for right in local.on_topics : "${right.user}:${right.operation}:${right.topic}" => right }

  resource_type       = "Topic"
  resource_name       = kafka_topic.this[each.value.topic].name
  acl_principal       = "User:${each.value.user}"
  acl_host            = "*"
  acl_operation       = each.value.operation
  acl_permission_type = "Allow"
}

resource "kafka_acl" "group" {
  for_each = local.on_groups

  resource_type       = "Group"
  resource_name       = each.value
  acl_principal       = "User:${each.key}"
  acl_host            = "*"
  acl_operation       = "Read"
  acl_permission_type = "Allow"
}

output "names" {
  description = "The topics."
  value       = sort(keys(local.topics))
}

output "users" {
  description = "Each service's own user."
  value       = sort(keys(local.services))
}

output "rights" {
  description = "What is allowed, as USER:OPERATION:TOPIC."
  value       = sort(keys(kafka_acl.topic))
}
