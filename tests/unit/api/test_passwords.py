"""Passwords with the real hash."""

from collections.abc import Iterator

import pytest

from api.passwords import Passwords


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


async def test_a_password_matches_its_hash_only(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert "correct horse" not in stored
    assert await passwords.matches(stored, "correct horse")
    assert not await passwords.matches(stored, "correct hors")
    assert not passwords.is_outdated(stored)


@pytest.mark.parametrize("stored", [None, "", "not a hash"])
async def test_what_is_no_hash_matches_nothing(passwords: Passwords, stored: str | None) -> None:
    assert not await passwords.matches(stored, "correct horse")


def test_weaker_parameters_are_outdated(passwords: Passwords) -> None:
    weak = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21l$6v7RkOhJLF/pKJ4IZAfc+g"
    assert passwords.is_outdated(weak)
