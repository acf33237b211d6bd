output "url" {
  description = "What people open."
  value       = "https://${var.domain}"
}

output "environment" {
  description = "What every service is told, without what is secret: names are those of `roomlog settings`."
  value       = module.services.environment
}

output "secrets" {
  description = "Where the rest of it is: name of a variable, by service, and the secret that holds it."
  value       = module.services.secrets
}

output "keys_secret" {
  description = "The secret to put the signing keys into, once, before the first start: see README.md."
  value       = module.secrets.keys_secret_arn
}

output "kafka_users" {
  description = "Each service's own user in Kafka."
  value       = module.topics.users
}
