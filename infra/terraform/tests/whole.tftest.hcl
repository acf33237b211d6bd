# All of it together, planned with providers that only pretend: names fit, and what services are told is what they read.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_ip_ranges" {
    defaults = { cidr_blocks = ["205.251.192.0/19", "120.52.22.96/27"] }
  }
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_resource "aws_acm_certificate" {
    defaults = {
      arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1"
      domain_validation_options = [{
        domain_name           = "origin.chat.example.org", resource_record_name = "_1.origin.chat.example.org",
        resource_record_value = "_1.acm-validations.aws", resource_record_type = "CNAME"
      }]
    }
  }
  mock_resource "aws_msk_cluster" {
    defaults = {
      bootstrap_brokers_sasl_scram = "b-1.kafka:9096,b-2.kafka:9096,b-3.kafka:9096"
      bootstrap_brokers_sasl_iam   = "b-1.kafka:9098,b-2.kafka:9098"
    }
  }
  mock_resource "aws_db_instance" {
    defaults = { address = "db.example.internal" }
  }
  mock_resource "aws_elasticache_replication_group" {
    defaults = { primary_endpoint_address = "cache.example.internal" }
  }
}

mock_provider "aws" {
  alias = "global"
  mock_resource "aws_acm_certificate" {
    defaults = {
      arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
      domain_validation_options = [{
        domain_name           = "chat.example.org", resource_record_name = "_2.chat.example.org",
        resource_record_value = "_2.acm-validations.aws", resource_record_type = "CNAME"
      }]
    }
  }
}

mock_provider "kafka" {}
mock_provider "random" {}

variables {
  image           = "registry.example.org/roomlog@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  registry_image  = "registry.example.org/apicurio@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  collector_image = "registry.example.org/collector@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
}

run "production" {
  command = plan

  assert {
    condition     = output.url == "https://chat.example.org" && output.environment.api.ROOMLOG_INGEST_URL == "wss://chat.example.org/ws"
    error_message = "One host for the page, the API and the nodes: the cookie is of that host."
  }
  assert {
    condition     = output.environment.api.ROOMLOG_FILES == "s3://roomlog-prod-files-123456789012/files?region=eu-central-1"
    error_message = "Files are where the bucket is."
  }
  assert {
    condition     = output.secrets.notifier.variables == tolist(["ROOMLOG_POSTGRES", "ROOMLOG_VALKEY"]) && output.secrets.streams.variables == tolist(["ROOMLOG_KAFKA", "ROOMLOG_VALKEY"])
    error_message = "A service is told only of servers that it speaks to."
  }
  assert {
    condition     = output.environment.api.ROOMLOG_TRUSTED_PROXIES == "10.40.0.0/16,120.52.22.96/27,205.251.192.0/19" && contains(output.secrets.api.variables, "ROOMLOG_POSTGRES_REPLICA") && !contains(output.secrets.projector.variables, "ROOMLOG_POSTGRES_REPLICA")
    error_message = "The balancer and CloudFront are believed; the API reads from the replica."
  }
  assert {
    condition     = alltrue([for service, told in output.environment : service == "api" || !contains(keys(told), "ROOMLOG_JWT_PRIVATE_KEY")])
    error_message = "Only the API signs tokens."
  }
  assert {
    condition     = contains(output.kafka_users, "ingest") && contains(output.kafka_users, "operator")
    error_message = "Each service has a user of its own in Kafka."
  }
}

run "a_tag_is_no_image" {
  command = plan
  variables {
    image = "registry.example.org/roomlog:latest"
  }
  expect_failures = [var.image]
}

run "an_address_is_no_domain" {
  command = plan
  variables {
    domain = "https://chat.example.org"
  }
  expect_failures = [var.domain]
}

run "two_zones_are_too_few" {
  command = plan
  variables {
    zones = ["eu-central-1a", "eu-central-1a", "eu-central-1b"]
  }
  expect_failures = [var.zones]
}
