# 250,000 users, 50,000 messages a second at the peak.
# Written by `python -m infra.phases` from `roomlog plan --phases`: change the figures there, not here.
phase = {
  name           = "250k"
  connections    = 50000
  messages_per_s = 50000

  ingest = {
    count            = 23
    for_load         = 22
    memory_gib_each  = 0.27
    connections_each = 2273
  }

  streams = {
    count           = 12
    for_load        = 11
    memory_gib_each = 0.25
  }

  projector = {
    count           = 3
    for_load        = 2
    memory_gib_each = 0.25
  }

  api = {
    count           = 14
    for_load        = 13
    memory_gib_each = 0.25
  }

  kafka = {
    brokers         = 7
    partitions      = 48
    cores_each      = 4
    memory_gib_each = 16
    disk_gib_each   = 7548.21
  }

  postgres = {
    primaries       = 1
    standbys        = 1
    cores_each      = 16
    memory_gib_each = 64
    disk_gib_each   = 33430.7
  }

  valkey = {
    primaries       = 2
    replicas        = 2
    memory_gib_each = 59.61
  }
}
