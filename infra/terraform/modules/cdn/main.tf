# CloudFront: the one address of people. Built files of the web client are cached, all else goes to the balancer.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.69"
    }
  }
}

variable "name" { type = string }
variable "domain" { type = string }
variable "origin" { type = string }
variable "certificate_arn" { type = string }
variable "log_bucket" { type = string }

variable "origin_secret" {
  type      = string
  sensitive = true
}

variable "requests_per_5_minutes" {
  description = "Requests of one address in five minutes, beyond which it is refused for a while. Offices share one."
  type        = number
  default     = 20000
}

data "aws_cloudfront_cache_policy" "cached" {
  name = "Managed-CachingOptimized"
}

data "aws_cloudfront_cache_policy" "uncached" {
  name = "Managed-CachingDisabled"
}

data "aws_cloudfront_origin_request_policy" "all" {
  name = "Managed-AllViewer"
}

resource "aws_wafv2_web_acl" "this" {
  #checkov:skip=CKV2_AWS_31:what it refuses is in its metrics and samples; a log of every request is CloudFront's
  #checkov:skip=CKV_AWS_192:no Java behind it; and people may write about Log4j in a chat
  name  = var.name
  scope = "CLOUDFRONT"

  default_action {
    allow {}
  }

  rule {
    name     = "rate"
    priority = 1

    action {
      block {}
    }

    statement {
      rate_based_statement {
        limit              = var.requests_per_5_minutes
        aggregate_key_type = "IP"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-rate"
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = true
  }
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV_AWS_310:one origin: its balancer is in three zones
  #checkov:skip=CKV_AWS_305:the API serves the page at / itself
  #checkov:skip=CKV_AWS_374:a chat is for whoever its people let in, wherever they are
  #checkov:skip=CKV2_AWS_32:the API sets its own security headers, and a test holds it to them
  #checkov:skip=CKV2_AWS_47:no Java behind it; and people may write about Log4j in a chat
  enabled         = true
  is_ipv6_enabled = true
  comment         = var.name
  aliases         = [var.domain]
  http_version    = "http2and3"
  price_class     = "PriceClass_All"
  web_acl_id      = aws_wafv2_web_acl.this.arn

  origin {
    origin_id   = "balancer"
    domain_name = var.origin

    custom_origin_config {
      http_port                = 80
      https_port               = 443
      origin_protocol_policy   = "https-only"
      origin_ssl_protocols     = ["TLSv1.2"]
      origin_keepalive_timeout = 60
      origin_read_timeout      = 60
    }

    custom_header {
      name  = "X-Roomlog-Origin"
      value = var.origin_secret
    }
  }

  # REST, the page, and /ws: an upgrade passes with all of its headers. Nodes ping idle sockets every 25 s.
  default_cache_behavior {
    target_origin_id         = "balancer"
    viewer_protocol_policy   = "redirect-to-https"
    allowed_methods          = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = data.aws_cloudfront_cache_policy.uncached.id
    origin_request_policy_id = data.aws_cloudfront_origin_request_policy.all.id
    compress                 = false
  }

  # Their names contain their hash.
  ordered_cache_behavior {
    path_pattern           = "/assets/*"
    target_origin_id       = "balancer"
    viewer_protocol_policy = "redirect-to-https"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = data.aws_cloudfront_cache_policy.cached.id
    compress               = true
  }

  viewer_certificate {
    acm_certificate_arn      = var.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }

  logging_config {
    bucket          = var.log_bucket
    prefix          = "cloudfront/"
    include_cookies = false
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }
}

output "domain_name" {
  description = "What the domain is an alias of."
  value       = aws_cloudfront_distribution.this.domain_name
}

output "hosted_zone_id" {
  description = "Its zone."
  value       = aws_cloudfront_distribution.this.hosted_zone_id
}
