"""A node makes its key pair once; everybody else only reads the public half."""

import stat
from pathlib import Path

import pytest

from runtime import keyring, sealing
from runtime.errors import KeyMissing


def test_a_pair_is_made_once_and_fits(tmp_path: Path) -> None:
    private = keyring.own_key(tmp_path / "keys", "node-44")
    assert keyring.own_key(tmp_path / "keys", "node-44") == private
    box = sealing.seal(keyring.public_key(tmp_path / "keys", "node-44"), b"secret")
    assert sealing.open_sealed(private, box) == b"secret"
    assert stat.S_IMODE((tmp_path / "keys" / "node-44.key").stat().st_mode) == 0o600
    assert sorted(file.name for file in (tmp_path / "keys").iterdir()) == ["node-44.key", "node-44.pub"]


def test_a_missing_or_broken_key_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing, match=r"no key file .*node-45\.pub"):
        keyring.public_key(tmp_path, "node-45")
    (tmp_path / "node-45.pub").write_bytes(b"short")
    with pytest.raises(KeyMissing, match="raw key of 32 bytes"):
        keyring.public_key(tmp_path, "node-45")


def test_a_lost_public_file_is_made_again_from_the_private_key(tmp_path: Path) -> None:
    private = keyring.own_key(tmp_path, "n")
    (tmp_path / "n.pub").unlink()
    keyring.own_key(tmp_path, "n")
    assert keyring.public_key(tmp_path, "n") == sealing.public_key_of(private)


def test_a_worker_that_comes_second_takes_the_key_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = sealing.generate_keypair(), sealing.generate_keypair()

    def late_pair() -> tuple[bytes, bytes]:
        (tmp_path / "n.key").write_bytes(first[0])  # the other worker was faster
        return second

    monkeypatch.setattr(sealing, "generate_keypair", late_pair)
    assert keyring.own_key(tmp_path, "n") == first[0]
    assert keyring.public_key(tmp_path, "n") == first[1]
