# terraform init -reconfigure -backend-config=environments/staging.backend.hcl
# The bucket keeps versions, is encrypted, and only those who may see every password may read it.
bucket = "roomlog-terraform-state"
key    = "staging/terraform.tfstate"
region = "eu-central-1"
