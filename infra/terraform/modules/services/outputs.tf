output "environment" {
  description = "What each service is told, without what is secret."
  value       = local.environment
}

output "secrets" {
  description = "Variables of each service that come from its secret."
  value = { for kind in keys(local.ports) : kind => {
    secret    = aws_secretsmanager_secret.addresses[kind].arn
    variables = sort(nonsensitive(keys(local.addresses[kind])))
  } }
}

output "balancer_domain" {
  description = "What origin.DOMAIN is an alias of."
  value       = aws_lb.this.dns_name
}

output "balancer_zone" {
  description = "Its zone."
  value       = aws_lb.this.zone_id
}

output "balancer_arn_suffix" {
  description = "The balancer, as metrics have it."
  value       = aws_lb.this.arn_suffix
}

output "cluster_name" {
  description = "The cluster, as metrics have it."
  value       = aws_ecs_cluster.this.name
}

output "service_names" {
  description = "The services, as metrics have them."
  value       = concat(sort(keys(local.ports)), ["registry"])
}
