"""Every id and key as a pure function of what the sender said, so that a retry meets its first.

The id of a message is 48 bits of time and 80 bits of hash. The time is read from the msgid itself (characters
13-26 are a send time by the national convention) and never from our clock: two processes that see the same
message at different moments must come to the same id. It stands in front because a right-hand index costs far
less WAL.

Every hashed text is length-prefixed, so ("ab", "c") and ("a", "bc") differ, and every purpose hashes apart.
"""

import datetime
import hashlib
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from runtime.errors import IdMalformed

ID_BYTES: Final = 16
ID_TEXT_CHARACTERS: Final = 26
_TIME_BYTES: Final = 6
_EPOCH_ORDINAL: Final = 719_163
_UNKNOWN_TIME: Final = bytes(_TIME_BYTES)
_BASE32: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
# copied for each key: made anew, with its parameters, a hash takes twice as long
_TRANSPORT_KEY: Final = hashlib.blake2b(digest_size=ID_BYTES - _TIME_BYTES, person=b"transport key")
_BILL: Final = hashlib.blake2b(digest_size=16, person=b"bill")
_LINE: Final = hashlib.blake2b(digest_size=8)
_TO_PYTHON_DIGITS: Final = bytes.maketrans(_BASE32, b"0123456789ABCDEFGHIJKLMNOPQRSTUV")
_PAIRS: Final = [chr(first) + chr(second) for first in _BASE32 for second in _BASE32]
_SPARE_BITS: Final = ID_TEXT_CHARACTERS * 5 - ID_BYTES * 8
_PAIR_SHIFTS: Final = range(ID_TEXT_CHARACTERS * 5 - 10, -1, -10)


def transaction_code(infno: str) -> str:
    """The transaction a message is, without its variant: 2207A is 2207."""
    return infno[:4]


def transport_key_id(fixmedins_code: str, infno: str, msgid: str) -> bytes:
    """The 16-byte id of a message, from its transport key and nothing else."""
    hashed = _TRANSPORT_KEY.copy()
    hashed.update(_prefixed(fixmedins_code, transaction_code(infno), msgid))
    return _msgid_time(msgid) + hashed.digest()


def setl_id_text(identifier: bytes) -> str:
    """The id as hospitals see it: 26 characters of upper-case base32 (RFC 4648), no padding."""
    # ten bits, two characters, at a time: base64.b32encode takes twice as long
    bits = int.from_bytes(identifier) << _SPARE_BITS
    return "".join([_PAIRS[bits >> shift & 1023] for shift in _PAIR_SHIFTS])


def message_name(identifier: bytes) -> str:
    """What a log line calls a message: its `setl_id`, or hex where it has no id as it should be."""
    return setl_id_text(identifier) if len(identifier) == ID_BYTES else identifier.hex()


@lru_cache(maxsize=4_096)  # a flush asks for the same visit several times
def setl_id_bytes(text: str) -> bytes:
    """The id that `setl_id_text` wrote; one id has one text, so anything else raises `IdMalformed`."""
    characters = text.encode()
    if len(characters) != ID_TEXT_CHARACTERS or characters.translate(None, _BASE32):
        raise IdMalformed
    bits = int(characters.translate(_TO_PYTHON_DIGITS), 32)
    if bits & (1 << _SPARE_BITS) - 1:
        raise IdMalformed
    return (bits >> _SPARE_BITS).to_bytes(ID_BYTES)


def visit_key(fixmedins_code: str, ipt_otp_no: str) -> bytes:
    """The 16-byte key of a visit: the institution and its own visit number (住院/门诊号)."""
    return hashlib.blake2b(_prefixed(fixmedins_code, ipt_otp_no), digest_size=16, person=b"visit").digest()


def bill_key(visit: bytes, chrg_bchno: str) -> bytes:
    """The 16-byte key of a bill: outpatient the charge batch of a visit, inpatient the visit (`chrg_bchno`
    empty).
    """
    hashed = _BILL.copy()
    hashed.update(visit + chrg_bchno.encode())
    return hashed.digest()


def partition_of(psn_no: str, partitions: int) -> int:
    """Which of a node's partitions serves a person; the count is fixed at the node's birth."""
    hashed = hashlib.blake2b(psn_no.encode(), digest_size=8, person=b"partition").digest()
    return int.from_bytes(hashed) % partitions


def content_digest(infno: str, insuplc_admdvs: str, input_bytes: bytes) -> bytes:
    """32 bytes over what makes a message the same message: the transaction, the insured division, the body.

    `input_bytes` is the business body in field order without what an honest retry changes; the caller cuts
    it.
    """
    hashed = hashlib.sha256(_prefixed(transaction_code(infno), insuplc_admdvs))
    hashed.update(input_bytes)
    return hashed.digest()


def line_keys(serials: Sequence[str]) -> tuple[int, ...]:
    """Fee lines' serials (feedetl_sn) as signed 64-bit numbers (a `bigint`), unique within a visit for practical
    purposes.
    """
    return struct.unpack(f">{len(serials)}q", line_key_bytes(serials))


def line_key_bytes(serials: Sequence[str]) -> bytes:
    """The same keys in network order, one after the other: what a digest over them reads."""
    keys = []
    for one in serials:
        hashed = _LINE.copy()
        hashed.update(one.encode())
        keys.append(hashed.digest())
    return b"".join(keys)


def _prefixed(*texts: str) -> bytes:
    parts = []
    for text in texts:
        encoded = text.encode()
        parts.append(len(encoded).to_bytes(4))
        parts.append(encoded)
    return b"".join(parts)


def _msgid_time(msgid: str) -> bytes:
    """Six bytes of ms since the epoch from characters 13-26, or zeros where they are no time of China."""
    return _time_bytes(msgid[12:20], msgid[20:26])


@lru_cache(maxsize=4_096)  # messages of one second share it
def _time_bytes(day: str, clock: str) -> bytes:
    if len(clock) != 6 or not (clock.isascii() and clock.isdigit()):
        return _UNKNOWN_TIME
    hour, minute, second = int(clock[:2]), int(clock[2:4]), int(clock[4:])
    day_s = _day_start_s(day)
    if day_s is None or hour > 23 or minute > 59 or second > 59:
        return _UNKNOWN_TIME
    at_s = day_s + hour * 3600 + minute * 60 + second
    return (at_s * 1000).to_bytes(_TIME_BYTES) if at_s > 0 else _UNKNOWN_TIME


@lru_cache(maxsize=64)
def _day_start_s(day: str) -> int | None:
    if not (day.isascii() and day.isdigit()):
        return None
    try:
        ordinal = datetime.date(int(day[:4]), int(day[4:6]), int(day[6:])).toordinal()
    except ValueError:
        return None
    return (ordinal - _EPOCH_ORDINAL) * 86_400 - 8 * 3600
