"""The checks of files that need no tools: rights, phases, and names of settings."""

import shutil

import pytest

from infra import phases as written
from infra.checks import ROOT, phases, rights, settings


@pytest.fixture
def root(tmp_path):
    """A copy of the files, to be broken."""
    (tmp_path / "infra").mkdir()
    for name in ("topics.yaml", "access.yaml"):
        shutil.copy(ROOT / "infra" / name, tmp_path / "infra" / name)
    for name in ("terraform", "helm"):
        shutil.copytree(ROOT / "infra" / name, tmp_path / "infra" / name)
    for package in ("ingest", "streams", "projector", "api", "roomlog"):
        (tmp_path / package).symlink_to(ROOT / package)
    return tmp_path


def test_the_files_are_right(root):
    assert rights.check(root) == []
    assert phases.check(root) == []
    assert settings.check(root) == []


def test_rights_of_strangers_and_on_nothing_are_found(root):
    file = root / "infra" / "access.yaml"
    text = file.read_text().replace("indexer:", "indxer:").replace("roomlog-streams", "streams")
    file.write_text(text.replace("produce: [user.events,", "produce: [user.event,"))
    assert rights.check(root) == [
        "infra/access.yaml: api: user.event is no topic of infra/topics.yaml",
        "infra/access.yaml: indexer has no rights",
        "infra/access.yaml: indxer is no service",
        "infra/access.yaml: no service joins the group streams",
        "infra/access.yaml: nobody may join the group roomlog-streams",
    ]


def test_a_phase_that_is_not_the_plans_is_found(root):
    file = written.directory(root) / "50k.tfvars"
    file.write_text(file.read_text().replace("brokers         = 3", "brokers         = 4"))
    (written.directory(root) / "1m.tfvars").unlink()
    problems = phases.check(root)
    assert [p.split(" ")[0] for p in problems] == [
        "infra/terraform/phases/50k.tfvars",
        "infra/terraform/phases/1m.tfvars",
    ]


def test_a_misspelt_setting_is_found_with_the_right_one(root):
    file = root / "infra" / "terraform" / "modules" / "services" / "environment.tf"
    file.write_text(file.read_text().replace("ROOMLOG_WEB_URL", "ROOMLOG_WEBURL"))
    (problem,) = settings.check(root)
    assert "ROOMLOG_WEBURL is no setting; did you mean ROOMLOG_WEB_URL?" in problem
