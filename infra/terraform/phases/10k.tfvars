# 10,000 users, 2,000 messages a second at the peak.
# Written by `python -m infra.phases` from `roomlog plan --phases`: change the figures there, not here.
phase = {
  name           = "10k"
  connections    = 2000
  messages_per_s = 2000

  ingest = {
    count            = 2
    for_load         = 1
    memory_gib_each  = 0.27
    connections_each = 2000
  }

  streams = {
    count           = 2
    for_load        = 1
    memory_gib_each = 0.25
  }

  projector = {
    count           = 2
    for_load        = 1
    memory_gib_each = 0.25
  }

  api = {
    count           = 2
    for_load        = 1
    memory_gib_each = 0.25
  }

  kafka = {
    brokers         = 3
    partitions      = 24
    cores_each      = 4
    memory_gib_each = 16
    disk_gib_each   = 704.5
  }

  postgres = {
    primaries       = 1
    standbys        = 1
    cores_each      = 2
    memory_gib_each = 8
    disk_gib_each   = 1337.23
  }

  valkey = {
    primaries       = 1
    replicas        = 1
    memory_gib_each = 5.73
  }
}
