# What a plan asks for, in what AWS sells.

variables {
  accepted = []
  phase = {
    name      = "10k", connections = 2000, messages_per_s = 2000
    ingest    = { count = 2, for_load = 1, memory_gib_each = 0.27, connections_each = 2000 }
    streams   = { count = 2, for_load = 1, memory_gib_each = 0.25 }
    projector = { count = 2, for_load = 1, memory_gib_each = 0.25 }
    api       = { count = 2, for_load = 1, memory_gib_each = 0.25 }
    kafka     = { brokers = 3, partitions = 24, cores_each = 4, memory_gib_each = 16, disk_gib_each = 704.5 }
    postgres  = { primaries = 1, standbys = 1, cores_each = 2, memory_gib_each = 8, disk_gib_each = 794.59 }
    valkey    = { primaries = 1, replicas = 1, memory_gib_each = 5.73 }
  }
}

run "a_small_phase_has_the_smallest_types_that_are_enough" {
  command = plan
  module {
    source = "./modules/sizing"
  }

  assert {
    condition     = output.kafka == { brokers = 3, instance_type = "kafka.m7g.xlarge", disk_gib = 705, disk_gib_most = 16384 }
    error_message = "Brokers of 4 cores and 16 GiB, three of them."
  }
  assert {
    condition     = output.postgres.instance_class == "db.m7g.large" && output.postgres.standby && output.postgres.disk_gib == 795
    error_message = "A database of 2 cores and 8 GiB with a standby."
  }
  assert {
    # 5.73 GiB are more than three quarters of 6.38.
    condition     = output.valkey == { node_type = "cache.m7g.xlarge", replicas = 1 }
    error_message = "A cache with a quarter of its memory to spare."
  }
  assert {
    condition     = output.services.ingest == { cpu = 1024, memory = 2048, count = 2, most = 3, connections = 2000 }
    error_message = "A node is a process of one core, and may become half as many again."
  }
  assert {
    # 8 connections of each process, twice as many during a deploy, and 50 for people.
    condition     = output.postgres.connections == 50 + 16 * (3 + 3 + 3 + 3 + 4 + 4 + 2 + 2)
    error_message = "PostgreSQL takes a connection of every process there may be."
  }
  assert {
    condition     = length(output.missing) == 0
    error_message = "Nothing is missing in the smallest phase."
  }
}

run "brokers_are_as_many_in_each_zone" {
  command = plan
  module {
    source = "./modules/sizing"
  }
  variables {
    phase = merge(var.phase, { kafka = { brokers = 7, partitions = 24, cores_each = 4, memory_gib_each = 16, disk_gib_each = 900 } })
  }

  assert {
    condition     = output.kafka.brokers == 9 && output.kafka.disk_gib == 700
    error_message = "Seven brokers become nine, and what they keep is spread over all of them."
  }
}

run "consumers_are_never_more_than_partitions" {
  command = plan
  module {
    source = "./modules/sizing"
  }
  variables {
    phase = merge(var.phase, {
      streams   = { count = 51, for_load = 50, memory_gib_each = 0.25 }
      projector = { count = 20, for_load = 19, memory_gib_each = 0.25 }
    })
  }

  assert {
    condition     = output.services.streams.count == 24 && output.services.streams.most == 24 && output.services.projector.count == 20 && output.services.projector.most == 24
    error_message = "A worker without a partition has nothing to do."
  }
}

run "what_is_not_built_is_refused" {
  command = plan
  module {
    source = "./modules/sizing"
  }
  variables {
    phase = merge(var.phase, {
      kafka    = { brokers = 7, partitions = 48, cores_each = 4, memory_gib_each = 16, disk_gib_each = 7547 }
      postgres = { primaries = 1, standbys = 1, cores_each = 16, memory_gib_each = 64, disk_gib_each = 79459 }
      valkey   = { primaries = 2, replicas = 2, memory_gib_each = 59.6 }
    })
  }

  expect_failures = [output.kafka]
}

run "what_is_not_built_can_be_accepted_by_name" {
  command = plan
  module {
    source = "./modules/sizing"
  }
  variables {
    accepted = ["valkey_cluster", "partitions", "postgres_disk"]
    phase = merge(var.phase, {
      kafka    = { brokers = 7, partitions = 48, cores_each = 4, memory_gib_each = 16, disk_gib_each = 7547 }
      postgres = { primaries = 1, standbys = 1, cores_each = 16, memory_gib_each = 64, disk_gib_each = 79459 }
      valkey   = { primaries = 2, replicas = 2, memory_gib_each = 59.6 }
    })
  }

  assert {
    condition     = output.valkey == { node_type = "cache.r7g.4xlarge", replicas = 1 } && output.postgres.disk_gib == 65536
    error_message = "One server of the size of each, and the largest disk there is."
  }
  assert {
    condition     = sort(keys(output.missing)) == tolist(["partitions", "postgres_disk", "valkey_cluster"])
    error_message = "What was accepted is still told."
  }
}

run "only_what_can_be_missing_can_be_accepted" {
  command = plan
  module {
    source = "./modules/sizing"
  }
  variables {
    accepted = ["valkey_clutser"]
  }

  expect_failures = [var.accepted]
}
