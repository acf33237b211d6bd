# Names and certificates: DOMAIN is CloudFront's, origin.DOMAIN the balancer's.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = "~> 6.69"
      configuration_aliases = [aws.global]
    }
  }
}

variable "domain" { type = string }
variable "zone" { type = string }
variable "distribution_domain" { type = string }
variable "distribution_zone" { type = string }
variable "origin_domain" { type = string }
variable "origin_zone" { type = string }

data "aws_route53_zone" "this" {
  name = var.zone

  lifecycle {
    postcondition {
      condition     = endswith(".${var.domain}", ".${trimsuffix(var.zone, ".")}")
      error_message = "${var.domain} is not in the zone ${var.zone}."
    }
  }
}

locals {
  origin = "origin.${var.domain}"
}

# One certificate for both names in each region that needs it.
resource "aws_acm_certificate" "regional" {
  domain_name       = local.origin
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_acm_certificate" "global" {
  provider = aws.global

  domain_name       = var.domain
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  for_each = {
    (local.origin) = aws_acm_certificate.regional.domain_validation_options
    (var.domain)   = aws_acm_certificate.global.domain_validation_options
  }

  zone_id         = data.aws_route53_zone.this.zone_id
  name            = one([for option in each.value : option.resource_record_name if option.domain_name == each.key])
  type            = one([for option in each.value : option.resource_record_type if option.domain_name == each.key])
  records         = [one([for option in each.value : option.resource_record_value if option.domain_name == each.key])]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "regional" {
  certificate_arn         = aws_acm_certificate.regional.arn
  validation_record_fqdns = [aws_route53_record.validation[local.origin].fqdn]
}

resource "aws_acm_certificate_validation" "global" {
  provider = aws.global

  certificate_arn         = aws_acm_certificate.global.arn
  validation_record_fqdns = [aws_route53_record.validation[var.domain].fqdn]
}

resource "aws_route53_record" "people" {
  for_each = toset(["A", "AAAA"])

  zone_id = data.aws_route53_zone.this.zone_id
  name    = var.domain
  type    = each.key

  alias {
    name                   = var.distribution_domain
    zone_id                = var.distribution_zone
    evaluate_target_health = false
  }
}

resource "aws_route53_record" "origin" {
  zone_id = data.aws_route53_zone.this.zone_id
  name    = local.origin
  type    = "A"

  alias {
    name                   = var.origin_domain
    zone_id                = var.origin_zone
    evaluate_target_health = true
  }
}

output "origin" {
  description = "Name of the balancer, as its certificate has it."
  value       = local.origin
}

output "certificate_arn" {
  description = "For the balancer."
  value       = aws_acm_certificate_validation.regional.certificate_arn
}

output "global_certificate_arn" {
  description = "For CloudFront."
  value       = aws_acm_certificate_validation.global.certificate_arn
}
