# Topics as infra/topics.yaml has them, rights as infra/access.yaml has them.

mock_provider "kafka" {}

run "topics_and_rights" {
  command = plan
  module {
    source = "./modules/topics"
  }
  variables {
    brokers = 3
  }

  assert {
    condition     = kafka_topic.this["chat.events"].partitions == 24 && kafka_topic.this["chat.events"].config["retention.ms"] == "-1"
    error_message = "The log is kept for ever, in as many partitions as the file says."
  }
  assert {
    condition     = alltrue([for topic in kafka_topic.this : topic.replication_factor == 3 && topic.config["min.insync.replicas"] == "2"])
    error_message = "Three copies, two of them in sync."
  }
  assert {
    condition     = tolist([for right in output.rights : right if startswith(right, "projector:Write:")]) == tolist(["projector:Write:chat.dlq"])
    error_message = "A projector reads the log, and writes nothing but dead letters."
  }
  assert {
    condition     = !contains(output.rights, "ingest:Read:chat.reads") && !contains(output.rights, "ingest:Write:user.events") && contains(output.rights, "ingest:Read:chat.events")
    error_message = "A node writes and reads the log, and nothing that is of others."
  }
  assert {
    condition     = length([for right in output.rights : right if startswith(right, "indexer:") || startswith(right, "notifier:")]) == 1
    error_message = "The indexer reads the log; the notifier has no business in Kafka."
  }
  assert {
    condition     = alltrue([for acl in kafka_acl.topic : acl.acl_permission_type == "Allow" && contains(["Read", "Write"], acl.acl_operation) && acl.resource_name != "*" && acl.acl_principal != "User:*"])
    error_message = "Nobody may more than read or write a topic by its name."
  }
  assert {
    condition     = alltrue([for service, acl in kafka_acl.group : acl.resource_name == "roomlog-${service}"])
    error_message = "A consumer's group is its own."
  }
}

run "one_broker_keeps_one_copy" {
  command = plan
  module {
    source = "./modules/topics"
  }
  variables {
    brokers = 1
  }

  assert {
    condition     = alltrue([for topic in kafka_topic.this : topic.replication_factor == 1 && topic.config["min.insync.replicas"] == "1"])
    error_message = "No more copies than brokers."
  }
}
