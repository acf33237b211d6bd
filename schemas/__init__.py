"""The bytes on Kafka: Avro schemas, their codec, their registry, and the check that they may change."""
