# The balancer behind CloudFront: /ws to the nodes, all else to the API.

data "aws_ec2_managed_prefix_list" "cloudfront" {
  name = "com.amazonaws.global.cloudfront.origin-facing"
}

locals {
  targets = {
    ingest = { path = "/readyz", algorithm = "least_outstanding_requests" }
    api    = { path = "/readyz", algorithm = "least_outstanding_requests" }
  }
  rules = {
    ingest = { priority = 10, paths = ["/ws"] }
    api    = { priority = 20, paths = ["/*"] }
  }
}

resource "aws_security_group" "balancer" {
  name        = "${var.name}-balancer"
  description = "The balancer"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-balancer" }
}

resource "aws_vpc_security_group_ingress_rule" "cloudfront" {
  security_group_id = aws_security_group.balancer.id
  description       = "HTTPS from CloudFront alone"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = data.aws_ec2_managed_prefix_list.cloudfront.id
}

resource "aws_vpc_security_group_egress_rule" "services" {
  for_each = local.targets

  security_group_id            = aws_security_group.balancer.id
  description                  = "To ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = local.ports[each.key]
  to_port                      = local.ports[each.key]
  referenced_security_group_id = var.services_group_id
}

resource "aws_vpc_security_group_ingress_rule" "services" {
  for_each = local.targets

  security_group_id            = var.services_group_id
  description                  = "${each.key}, from the balancer"
  ip_protocol                  = "tcp"
  from_port                    = local.ports[each.key]
  to_port                      = local.ports[each.key]
  referenced_security_group_id = aws_security_group.balancer.id
}

resource "aws_lb" "this" {
  #checkov:skip=CKV2_AWS_28:only CloudFront reaches it, and the web ACL is there
  #checkov:skip=CKV_AWS_150:deletion protection is `protected`, off only for throw-away environments
  name               = var.name
  load_balancer_type = "application"
  internal           = false
  security_groups    = [aws_security_group.balancer.id]
  subnets            = var.public_subnet_ids

  # Nodes ping idle sockets every 25 s and close them after two unanswered pings: the balancer must not be first.
  idle_timeout               = 120
  enable_deletion_protection = var.protected
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "strictest"

  access_logs {
    enabled = true
    bucket  = var.log_bucket
    prefix  = "balancer"
  }
}

resource "aws_lb_target_group" "this" {
  #checkov:skip=CKV_AWS_378:TLS ends at the balancer; services speak HTTP inside the network (README.md)
  for_each = local.targets

  name                          = "${var.name}-${each.key}"
  target_type                   = "ip"
  protocol                      = "HTTP"
  port                          = local.ports[each.key]
  vpc_id                        = var.vpc_id
  load_balancing_algorithm_type = each.value.algorithm

  # Connections that stay open would keep a node waiting: it is told to stop after this, and then tells its clients
  # to go elsewhere. Until then nothing new reaches it.
  deregistration_delay = 10
  # A new node gets its share of connections little by little; not together with least_outstanding_requests.

  health_check {
    path                = each.value.path
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
    matcher             = "200"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  # Who does not show CloudFront's secret came around it.
  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "not here"
      status_code  = "403"
    }
  }
}

resource "aws_lb_listener_rule" "this" {
  for_each = local.rules

  listener_arn = aws_lb_listener.https.arn
  priority     = each.value.priority

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.key].arn
  }

  condition {
    path_pattern {
      values = each.value.paths
    }
  }

  condition {
    http_header {
      http_header_name = "X-Roomlog-Origin"
      values           = [var.origin_secret]
    }
  }
}
