# terraform apply -var-file=environments/dev.tfvars -var-file=phases/10k.tfvars -var-file=images.tfvars
environment = "dev"
region      = "eu-central-1"
zones       = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
domain      = "chat-dev.example.org"
zone        = "example.org"
vpc_cidr    = "10.42.0.0/16"
# Thrown away now and then: nothing is protected, and no replica is there.
protected     = false
backup_days   = 7
read_replicas = 0
