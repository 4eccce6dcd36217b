"""A sealed box opens for its receiver and purpose only, and not after a single bit has changed."""

import pytest

from runtime import sealing
from runtime.errors import SealBroken

PRIVATE, PUBLIC = sealing.generate_keypair()
SECRET = "张三 440301199001011234".encode()


def test_the_receiver_reads_what_was_sealed() -> None:
    box = sealing.seal(PUBLIC, SECRET, purpose=b"credential")
    assert sealing.open_sealed(PRIVATE, box, purpose=b"credential") == SECRET
    assert len(box) == len(SECRET) + sealing.OVERHEAD_BYTES
    assert sealing.public_key_of(PRIVATE) == PUBLIC


def test_two_boxes_of_one_secret_differ() -> None:
    assert sealing.seal(PUBLIC, SECRET) != sealing.seal(PUBLIC, SECRET)


def test_another_key_or_purpose_does_not_open_it() -> None:
    box = sealing.seal(PUBLIC, SECRET, purpose=b"credential")
    with pytest.raises(SealBroken):
        sealing.open_sealed(sealing.generate_keypair()[0], box, purpose=b"credential")
    with pytest.raises(SealBroken):
        sealing.open_sealed(PRIVATE, box, purpose=b"name")


def test_no_changed_or_cut_box_opens() -> None:
    box = sealing.seal(PUBLIC, SECRET)
    for place in range(len(box)):
        changed = bytearray(box)
        changed[place] ^= 0x01
        with pytest.raises(SealBroken):
            sealing.open_sealed(PRIVATE, bytes(changed))
    for length in (0, 1, sealing.OVERHEAD_BYTES - 1, len(box) - 1):
        with pytest.raises(SealBroken):
            sealing.open_sealed(PRIVATE, box[:length])
    with pytest.raises(SealBroken):  # a point of small order
        sealing.open_sealed(PRIVATE, b"\x01" + bytes(32) + box[33:])
