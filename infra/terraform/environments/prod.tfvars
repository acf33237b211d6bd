# terraform apply -var-file=environments/prod.tfvars -var-file=phases/10k.tfvars -var-file=images.tfvars
environment = "prod"
region      = "eu-central-1"
zones       = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
domain      = "chat.example.org"
zone        = "example.org"
vpc_cidr    = "10.40.0.0/16"
backup_days = 35
alarm_email = "operators@example.org"
