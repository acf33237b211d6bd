# The topics of infra/topics.yaml on a cluster that exists: the same file that `roomlog topics apply` reads.

terraform {
  required_version = ">= 1.6"
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
  topics = { for topic in yamldecode(file("${path.module}/../../../topics.yaml")).topics : topic.name => topic }
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

output "names" {
  description = "The topics, for access lists."
  value       = sort(keys(local.topics))
}
