# Kafka, PostgreSQL and Valkey: encrypted on the way and at rest, closed, protected, and backed up.

mock_provider "aws" {}

variables {
  name            = "roomlog-test"
  vpc_id          = "vpc-1"
  subnet_ids      = ["subnet-1", "subnet-2", "subnet-3"]
  client_group_id = "sg-services"
  kms_key_arn     = "arn:aws:kms:eu-central-1:1:key/1"
  password        = "not-a-password"
}

run "kafka" {
  command = plan
  module {
    source = "./modules/kafka"
  }
  variables {
    brokers           = 3
    instance_type     = "kafka.m7g.xlarge"
    disk_gib          = 705
    disk_gib_most     = 16384
    scram_secret_arns = ["arn:1"]
  }

  assert {
    condition     = aws_msk_cluster.this.encryption_info[0].encryption_in_transit[0].client_broker == "TLS" && aws_msk_cluster.this.encryption_info[0].encryption_in_transit[0].in_cluster
    error_message = "Kafka speaks TLS alone."
  }
  assert {
    condition     = aws_msk_cluster.this.encryption_info[0].encryption_at_rest_kms_key_arn == var.kms_key_arn
    error_message = "The log is encrypted with the installation's key."
  }
  assert {
    condition     = !aws_msk_cluster.this.client_authentication[0].unauthenticated && aws_msk_cluster.this.client_authentication[0].sasl[0].scram
    error_message = "Nobody comes in without a name."
  }
  assert {
    condition     = strcontains(aws_msk_configuration.this.server_properties, "allow.everyone.if.no.acl.found=false") && strcontains(aws_msk_configuration.this.server_properties, "unclean.leader.election.enable=false") && strcontains(aws_msk_configuration.this.server_properties, "auto.create.topics.enable=false")
    error_message = "What is not allowed is refused; a broker without the newest records never leads."
  }
  assert {
    condition     = sort([for rule in aws_vpc_security_group_ingress_rule.clients : tostring(rule.from_port)]) == tolist(["9096", "9098"]) && alltrue([for rule in aws_vpc_security_group_ingress_rule.clients : rule.referenced_security_group_id == var.client_group_id])
    error_message = "Only services reach it, and only over TLS."
  }
}

run "postgres" {
  command = plan
  module {
    source = "./modules/postgres"
  }
  variables {
    instance_class = "db.m7g.large"
    disk_gib       = 795
    disk_gib_most  = 1590
    standby        = true
    read_replicas  = 1
    connections    = 434
    backup_days    = 35
    protected      = true
  }

  assert {
    condition     = aws_db_instance.primary.multi_az && aws_db_instance.primary.storage_encrypted && aws_db_instance.primary.deletion_protection && !aws_db_instance.primary.skip_final_snapshot && !aws_db_instance.primary.publicly_accessible
    error_message = "A standby, encrypted, protected, and not public."
  }
  assert {
    condition     = aws_db_instance.primary.backup_retention_period == 35 && !aws_db_instance.primary.delete_automated_backups
    error_message = "Any second of 35 days can be had back, even after the database was deleted."
  }
  assert {
    condition     = anytrue([for p in aws_db_parameter_group.this.parameter : p.name == "rds.force_ssl" && p.value == "1"])
    error_message = "PostgreSQL refuses connections without TLS."
  }
  assert {
    condition     = length(aws_db_instance.replica) == 1 && aws_db_instance.replica[0].storage_encrypted
    error_message = "A replica for reads."
  }
}

run "a_throw_away_database_can_be_thrown_away" {
  command = plan
  module {
    source = "./modules/postgres"
  }
  variables {
    instance_class = "db.m7g.large"
    disk_gib       = 100
    disk_gib_most  = 200
    standby        = false
    read_replicas  = 0
    connections    = 434
    backup_days    = 7
    protected      = false
  }

  assert {
    condition     = !aws_db_instance.primary.deletion_protection && aws_db_instance.primary.skip_final_snapshot && output.reader_address == ""
    error_message = "Without protection nothing is left behind."
  }
}

run "valkey" {
  command = plan
  module {
    source = "./modules/valkey"
  }
  variables {
    node_type = "cache.m7g.xlarge"
    replicas  = 1
  }

  assert {
    condition     = aws_elasticache_replication_group.this.transit_encryption_enabled && aws_elasticache_replication_group.this.transit_encryption_mode == "required" && tobool(aws_elasticache_replication_group.this.at_rest_encryption_enabled)
    error_message = "Valkey speaks TLS alone, and is encrypted."
  }
  assert {
    condition     = aws_elasticache_replication_group.this.num_cache_clusters == 2 && aws_elasticache_replication_group.this.automatic_failover_enabled
    error_message = "A replica takes over."
  }
  assert {
    condition     = strcontains(aws_elasticache_user.roomlog.access_string, "-@dangerous")
    error_message = "Services cannot change or empty the server."
  }
}
