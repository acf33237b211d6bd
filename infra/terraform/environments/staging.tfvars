# terraform apply -var-file=environments/staging.tfvars -var-file=phases/10k.tfvars -var-file=images.tfvars
environment = "staging"
region      = "eu-central-1"
zones       = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
domain      = "chat-staging.example.org"
zone        = "example.org"
vpc_cidr    = "10.41.0.0/16"
backup_days = 7
