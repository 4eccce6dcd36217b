"""A sealed box: anyone can close it for a home node, only that node can open it.

An ephemeral X25519 key meets the receiver's; HKDF-SHA256 over both public keys and the purpose gives an
AES-256-GCM key and nonce that are used once. Layout: version byte, ephemeral public key (32), ciphertext with
tag. What a value is for (`purpose`) is bound in, so a box cannot be moved to another place.

The key agreement is the cost (about 0.1 ms a box), so seal what must be sealed, not every message.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from runtime.errors import SealBroken

KEY_BYTES: Final = 32
_VERSION: Final = b"\x01"
_TAG_BYTES: Final = 16
_HEAD_BYTES: Final = 1 + KEY_BYTES
INSURED_QUESTION: Final = b"insured question"
"""Purpose of a credential that a gateway seals to a home node."""
INSURED_ANSWER: Final = b"insured answer"
"""Purpose of the person that a home node seals to the key that came with the question."""
OVERHEAD_BYTES: Final = _HEAD_BYTES + _TAG_BYTES
"""How much longer a box is than what is in it."""


def generate_keypair() -> tuple[bytes, bytes]:
    """A new (private, public) pair of raw 32-byte keys."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_key_of(private: bytes) -> bytes:
    """The public half of a raw private key."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def seal(public: bytes, plaintext: bytes, *, purpose: bytes = b"") -> bytes:
    """Close `plaintext` for the holder of the private key; two calls never give the same bytes."""
    ephemeral = X25519PrivateKey.generate()
    ephemeral_public = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    cipher, nonce = _cipher(shared, ephemeral_public, public, purpose)
    return _VERSION + ephemeral_public + cipher.encrypt(nonce, plaintext, _VERSION)


def open_sealed(private: bytes, box: bytes, *, purpose: bytes = b"") -> bytes:
    """What was sealed for this key and purpose; raises `SealBroken` for anything else."""
    if len(box) < OVERHEAD_BYTES or box[:1] != _VERSION:
        raise SealBroken
    ephemeral_public = box[1:_HEAD_BYTES]
    own = X25519PrivateKey.from_private_bytes(private)
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(ephemeral_public))
        cipher, nonce = _cipher(shared, ephemeral_public, own.public_key().public_bytes_raw(), purpose)
        return cipher.decrypt(nonce, box[_HEAD_BYTES:], _VERSION)
    except (InvalidTag, ValueError):  # ValueError: a point of small order as ephemeral key
        raise SealBroken from None


def _cipher(shared: bytes, ephemeral_public: bytes, public: bytes, purpose: bytes) -> tuple[AESGCM, bytes]:
    derived = HKDF(
        algorithm=SHA256(),
        length=44,
        salt=None,
        info=b"dsgw sealed box 1" + ephemeral_public + public + purpose,
    ).derive(shared)
    return AESGCM(derived[:32]), derived[32:]
