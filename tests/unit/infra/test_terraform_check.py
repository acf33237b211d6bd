"""What is wrong in the Terraform code is found: a misspelt argument, a wrong type, a resource that there is not."""

import os
import shutil

import pytest

from infra.checks import ROOT, _aws, policies, terraform

pytestmark = pytest.mark.skipif(
    not (os.environ.get("ROOMLOG_TEST_INFRA") and shutil.which("terraform")),
    reason="`make infra-check` has the tools, but for Terraform itself",
)


@pytest.fixture
def code(tmp_path):
    """A copy of the code, to be broken."""
    for name in ("topics.yaml", "access.yaml"):
        shutil.copy(ROOT / "infra" / name, tmp_path / name)
    return shutil.copytree(ROOT / terraform.CODE, tmp_path / "terraform")


def replace(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_mistakes_of_several_kinds_are_found_at_once(code):
    modules = code / "modules"
    replace(modules / "kafka" / "main.tf", "client_broker = ", "client_brokr = ")
    replace(modules / "valkey" / "main.tf", "port                 = 6379", 'port = ["a"]')
    replace(modules / "postgres" / "main.tf", 'db_name  = "roomlog"', "")
    replace(modules / "postgres" / "main.tf", "instance_class = var.instance_class", "")
    replace(
        modules / "dns" / "main.tf", "aws_route53_zone.this.zone_id", "aws_route53_zone.that.id"
    )
    problems = terraform.invalid(code, terraform.environment(ROOT, code))
    found = "\n".join(problems)
    assert "modules/kafka/main.tf" in found
    assert '"client_brokr" is not expected here. Did you mean "client_broker"?' in found
    assert "modules/valkey/main.tf" in found
    assert 'aws_route53_zone" "that" has not been declared' in found


def test_a_resource_that_there_is_not_is_found(code):
    replace(
        code / "modules" / "valkey" / "main.tf", '"aws_elasticache_user"', '"aws_elasticache_usr"'
    )
    with pytest.raises(_aws.UnknownType, match="aws_elasticache_usr"):
        terraform.environment(ROOT, code)


def test_a_right_too_many_fails_the_codes_own_tests(code):
    replace(code.parent / "access.yaml", "produce: [chat.dlq]", "produce: [chat.dlq, chat.events]")
    env = terraform.environment(ROOT, code)
    assert terraform.invalid(code, env) == []
    (code / "tests" / "whole.tftest.hcl").unlink()  # the longest, and about something else
    assert any("nothing but dead letters" in p for p in terraform.failed_tests(code, env))


def test_a_policy_that_is_broken_is_found(code):
    replace(code / "modules" / "postgres" / "main.tf", "storage_encrypted     = true", "")
    assert any("CKV_AWS_16 " in p for p in policies.broken(ROOT, code, "terraform"))


def test_a_setting_that_a_service_would_not_take_is_found(code):
    told = code / "modules" / "services" / "environment.tf"
    replace(told, "ROOMLOG_PORT         = tostring(port)", 'ROOMLOG_PORT         = "none"')
    replace(told, "ROOMLOG_WEB_URL", "ROOMLOG_WEB_ULR")
    for name in ("servers", "sizing", "topics"):
        (code / "tests" / f"{name}.tftest.hcl").unlink()
    problems = terraform.failed_tests(code, terraform.environment(ROOT, code))
    assert any("notifier: ROOMLOG_WEB_ULR is no setting" in p for p in problems)
    assert sum("ROOMLOG_PORT: Input should be a valid integer" in p for p in problems) == 7
