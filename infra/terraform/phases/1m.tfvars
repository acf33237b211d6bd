# 1,000,000 users, 200,000 messages a second at the peak.
# Written by `python -m infra.phases` from `roomlog plan --phases`: change the figures there, not here.
phase = {
  name           = "1m"
  connections    = 200000
  messages_per_s = 200000

  ingest = {
    count            = 96
    for_load         = 95
    memory_gib_each  = 0.27
    connections_each = 2106
  }

  streams = {
    count           = 51
    for_load        = 50
    memory_gib_each = 0.25
  }

  projector = {
    count           = 8
    for_load        = 7
    memory_gib_each = 0.25
  }

  api = {
    count           = 50
    for_load        = 49
    memory_gib_each = 0.25
  }

  kafka = {
    brokers         = 25
    partitions      = 384
    cores_each      = 4
    memory_gib_each = 16
    disk_gib_each   = 8453.99
  }

  postgres = {
    primaries       = 1
    standbys        = 1
    cores_each      = 64
    memory_gib_each = 256
    disk_gib_each   = 133722.78
  }

  valkey = {
    primaries       = 12
    replicas        = 12
    memory_gib_each = 39.49
  }
}
