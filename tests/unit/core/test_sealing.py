"""Secrets as they are kept: sealed by the first key, unsealed by any, and what is said where none fits."""

import stat

import pytest

from roomlog.sealing import CannotUnseal, Sealing, add_key


def test_the_newest_key_seals_and_each_unseals(tmp_path):
    keys = tmp_path / "secret.keys"
    add_key(keys)
    kept = Sealing(keys).seal("whsec_1")
    assert "whsec_1" not in kept
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    add_key(keys)
    both = Sealing(keys)
    anew = both.seal(both.unseal(kept))
    assert both.unseal(anew) == "whsec_1"
    newest, oldest = keys.read_text().split()
    keys.write_text(newest)
    assert Sealing(keys).unseal(anew) == "whsec_1"
    with pytest.raises(CannotUnseal, match="no key of ROOMLOG_SECRET_KEYS fits"):
        Sealing(keys).unseal(kept)
    keys.write_text(oldest)
    assert Sealing(keys).unseal(kept) == "whsec_1"


def test_without_keys_secrets_stay_as_they_are_and_are_known_with_keys_too(tmp_path):
    keys = tmp_path / "secret.keys"
    add_key(keys)
    assert Sealing(None).seal("whsec_1") == "whsec_1"
    assert Sealing(keys).unseal("whsec_1") == "whsec_1"
    with pytest.raises(CannotUnseal, match="ROOMLOG_SECRET_KEYS names no file"):
        Sealing(None).unseal(Sealing(keys).seal("whsec_1"))


@pytest.mark.parametrize("text", ["", "\n", "not a key", "a2V5"])
def test_a_file_without_keys_is_refused(tmp_path, text):
    keys = tmp_path / "secret.keys"
    keys.write_text(text)
    with pytest.raises(ValueError, match="roomlog secret-key"):
        Sealing(keys)
