"""Key files in a folder: a node makes its own pair at its first start, whoever seals for it reads the public
half.

`<name>.key` is the raw private key, readable by its owner alone; `<name>.pub` the raw public key. On separate
machines only the public files are copied.
"""

import os
from pathlib import Path

from runtime import sealing
from runtime.errors import KeyMissing


def own_key(folder: Path, name: str) -> bytes:
    """The private key of `name`, made together with its public file if there is none yet."""
    folder.mkdir(parents=True, exist_ok=True)
    private_file = folder / f"{name}.key"
    if not private_file.exists():
        # whole under another name, then linked: two workers that start at once agree on the first
        made = folder / f".{name}.{os.getpid()}"
        with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(sealing.generate_keypair()[0])
        try:
            os.link(made, private_file)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    private = _read(private_file)
    public_file = folder / f"{name}.pub"
    if not public_file.exists():
        written = folder / f".{name}.pub.{os.getpid()}"
        written.write_bytes(sealing.public_key_of(private))
        written.replace(public_file)
    return private


def public_key(folder: Path, name: str) -> bytes:
    """The public key of `name`. Raises `KeyMissing` where there is none."""
    return _read(folder / f"{name}.pub")


def _read(file: Path) -> bytes:
    try:
        key = file.read_bytes()
    except FileNotFoundError:
        raise KeyMissing(f"There is no key file {file}; its node makes it at its first start.") from None
    if len(key) != sealing.KEY_BYTES:
        raise KeyMissing(f"{file} is not a raw key of {sealing.KEY_BYTES} bytes.")
    return key
