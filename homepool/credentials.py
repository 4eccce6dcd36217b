"""Credentials: the hash under which one is looked up, and what is wrong with an e-voucher.

The value itself stands in no index, log or query text. A token of the e-voucher (医保电子凭证) expires; who then comes
with it scans again, or is identified by identity number or card.
"""

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

EVOUCHER: Final = "01"
"""mdtrt_cert_type of the e-voucher."""

CREDENTIAL_UNKNOWN: Final = "CREDENTIAL_UNKNOWN"
EVOUCHER_EXPIRED: Final = "EVOUCHER_EXPIRED"
WRONG_PERSON: Final = "WRONG_PERSON"

MESSAGES: Final = {
    CREDENTIAL_UNKNOWN: "this e-voucher is not known here: scan it again, or use the identity number (02) or card (03)",
    EVOUCHER_EXPIRED: "the e-voucher has expired: scan it again, or use the identity number (02) or card (03)",
    WRONG_PERSON: "the e-voucher is another person's",
}
"""What is said of a fault; the codes are refusals of the gateway's too."""


class Holder(NamedTuple):
    """Whose credential it is."""

    psn_no: str
    valid_to: str = ""
    """Last moment, yyyy-MM-dd HH:mm:ss in China time; '' = no end."""


def credential_hash(kind: str, value: str) -> bytes:
    """16 bytes for a credential: kind 01 e-voucher token, 02 identity number, 03 social security card."""
    text = f"{kind}\0{value.strip().upper()}".encode()
    return hashlib.blake2b(text, digest_size=16, person=b"credential").digest()


def valid(holders: Sequence[Holder], now: str) -> list[str]:
    """The psn_nos of those whose credential still holds at `now` (yyyy-MM-dd HH:mm:ss)."""
    return [one.psn_no for one in holders if not one.valid_to or now <= one.valid_to]


def voucher_fault(holders: Sequence[Holder], psn_no: str, now: str) -> str:
    """What is wrong with an e-voucher that these hold, for that person; a code, or '' where nothing is."""
    if not holders:
        return CREDENTIAL_UNKNOWN
    if psn_no not in [one.psn_no for one in holders]:
        return WRONG_PERSON
    return "" if psn_no in valid(holders, now) else EVOUCHER_EXPIRED
