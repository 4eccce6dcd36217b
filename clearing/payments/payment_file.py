"""The payment file as a bank takes it: ISO 20022 pain.001, in the one dialect that this module speaks. Pure.

One group of transfers per payer and insurance (funds keep separate accounts), the payer's account as `parties.csv` has
it, instruction ids in InstrId and EndToEndId, and the fund in the remittance text. Count and control sum stand over the
whole and over each group; an institution that was left out for want of an account is named in a comment. The same payment
file gives the same bytes. A bank with another dialect gets another module.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final
from xml.etree import ElementTree as xml

from clearing.errors import NotFound
from clearing.parties import Party
from clearing.payments.instructions import Instruction, PaymentFile
from clearing.positions.netting import Payment
from clearing.scheme import Scheme
from runtime.clock import CHINA

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
CURRENCY: Final = "CNY"
INITIATOR: Final = "医保清算"
_TEXT_CHARACTERS_MAX: Final = 140
_POOL_CHARACTERS: Final = 6


def payment_file(file: PaymentFile, *, parties: Mapping[str, Party], scheme: Scheme) -> bytes:
    """A payment file's bytes. Raises NotFound for a party without an account."""
    made_at = file.made_at.astimezone(CHINA)
    document = xml.Element("Document", xmlns=NAMESPACE)
    for out in file.left_out:
        document.append(
            xml.Comment(f" no account, left out: {out.fixmedins_code}, {yuan(out.amount_fen)} {CURRENCY} ")
        )
    body = xml.SubElement(document, "CstmrCdtTrfInitn")
    header = xml.SubElement(body, "GrpHdr")
    _leaf(header, "MsgId", file.msg_id)
    _leaf(header, "CreDtTm", made_at.isoformat(timespec="seconds"))
    _control(header, file.instructions)
    _leaf(xml.SubElement(header, "InitgPty"), "Nm", INITIATOR)
    ordered = sorted(
        file.instructions, key=lambda one: (one.payer, one.insutype, one.fund, one.payee, one.id)
    )
    groups = groupby(ordered, key=lambda one: (one.payer, one.insutype))
    for number, (_, transfers) in enumerate(groups, start=1):
        _group(body, f"{file.msg_id[:24]}-{number}", list(transfers), made_at, parties, scheme)
    xml.indent(document)
    text: str = xml.tostring(document, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def yuan(fen: int) -> str:
    """An amount as the file writes it: 12345 fen are 123.45."""
    return f"{fen // 100}.{fen % 100:02}"


def checked_parties(instructions: Iterable[Instruction | Payment], parties: Mapping[str, Party]) -> None:
    """Look whether everybody has an account, before anything is written. Raises NotFound."""
    for one in instructions:
        party_of(one.payer, parties)
        party_of(one.payee, parties)


def party_of(code: str, parties: Mapping[str, Party]) -> Party:
    """A party with an account. Raises NotFound."""
    if code not in parties:
        table = "parties.csv" if len(code) <= _POOL_CHARACTERS else "institution_accounts.csv"
        raise NotFound(f"{table} has no account for {code}; add it. Nothing was changed.")
    return parties[code]


def _group(
    body: xml.Element,
    name: str,
    transfers: Sequence[Instruction],
    made_at: datetime,
    parties: Mapping[str, Party],
    scheme: Scheme,
) -> None:
    payer = party_of(transfers[0].payer, parties)
    group = xml.SubElement(body, "PmtInf")
    _leaf(group, "PmtInfId", name)
    _leaf(group, "PmtMtd", "TRF")
    _control(group, transfers)
    _leaf(xml.SubElement(group, "ReqdExctnDt"), "Dt", made_at.date().isoformat())
    _account(group, "Dbtr", payer, agent_first=False)
    for one in transfers:
        transfer = xml.SubElement(group, "CdtTrfTxInf")
        ids = xml.SubElement(transfer, "PmtId")
        _leaf(ids, "InstrId", one.id)
        _leaf(ids, "EndToEndId", one.id)
        amount = _leaf(xml.SubElement(transfer, "Amt"), "InstdAmt", yuan(one.amount_fen))
        amount.set("Ccy", CURRENCY)
        _account(transfer, "Cdtr", party_of(one.payee, parties), agent_first=True)
        fund = scheme.fund_name(one.insutype, one.fund)
        text = f"{one.period} {one.insutype} {one.fund} {fund} batch {one.batch} revision {one.revision}"
        _leaf(xml.SubElement(transfer, "RmtInf"), "Ustrd", text[:_TEXT_CHARACTERS_MAX])


def _control(parent: xml.Element, transfers: Sequence[Instruction]) -> None:
    _leaf(parent, "NbOfTxs", str(len(transfers)))
    _leaf(parent, "CtrlSum", yuan(sum(one.amount_fen for one in transfers)))


def _account(parent: xml.Element, role: str, party: Party, *, agent_first: bool) -> None:
    """Party, account and bank, in the order that the schema has on each side."""

    def agent() -> None:
        member = xml.SubElement(
            xml.SubElement(xml.SubElement(parent, f"{role}Agt"), "FinInstnId"), "ClrSysMmbId"
        )
        _leaf(xml.SubElement(member, "ClrSysId"), "Cd", "CNAPS")
        _leaf(member, "MmbId", party.bank)

    if agent_first:
        agent()
    _leaf(xml.SubElement(parent, role), "Nm", party.name)
    account = xml.SubElement(xml.SubElement(parent, f"{role}Acct"), "Id")
    _leaf(xml.SubElement(account, "Othr"), "Id", party.account)
    if not agent_first:
        agent()


def _leaf(parent: xml.Element, name: str, text: str) -> xml.Element:
    leaf = xml.SubElement(parent, name)
    leaf.text = text
    return leaf
