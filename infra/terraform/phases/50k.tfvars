# 50,000 users, 10,000 messages a second at the peak.
# Written by `python -m infra.phases` from `roomlog plan --phases`: change the figures there, not here.
phase = {
  name           = "50k"
  connections    = 10000
  messages_per_s = 10000

  ingest = {
    count            = 4
    for_load         = 3
    memory_gib_each  = 0.28
    connections_each = 3334
  }

  streams = {
    count           = 3
    for_load        = 2
    memory_gib_each = 0.25
  }

  projector = {
    count           = 2
    for_load        = 1
    memory_gib_each = 0.25
  }

  api = {
    count           = 4
    for_load        = 3
    memory_gib_each = 0.25
  }

  kafka = {
    brokers         = 3
    partitions      = 24
    cores_each      = 4
    memory_gib_each = 16
    disk_gib_each   = 3497.75
  }

  postgres = {
    primaries       = 1
    standbys        = 1
    cores_each      = 4
    memory_gib_each = 16
    disk_gib_each   = 6686.14
  }

  valkey = {
    primaries       = 1
    replicas        = 1
    memory_gib_each = 24.65
  }
}
