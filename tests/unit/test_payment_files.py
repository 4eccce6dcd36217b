"""Instruction ids, the payment file that a bank takes, and what it may say afterwards."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.errors import NotFound, ReturnsWrong
from clearing.parties import load_parties
from clearing.payments.bank_returns import FILE_BYTES_MAX, HEADER, read_returns
from clearing.payments.instructions import (
    BankWord,
    Instruction,
    PaymentFile,
    instruction_id,
    message_id,
    returned_fen,
)
from clearing.payments.payment_file import NAMESPACE, payment_file, yuan
from clearing.scheme import load_scheme

AT = datetime(2026, 11, 25, 1, 2, 3, tzinfo=UTC)
MSG = "0" * 32


def an_instruction(
    payer: str = "450100", payee: str = "P45", fen: int = 12_345, **changes: object
) -> Instruction:
    insutype, fund = str(changes.pop("insutype", "310")), str(changes.pop("fund", "310100"))
    made = instruction_id(payer, payee, insutype, fund, "2026-11-24", 1, 1)
    told = Instruction(
        made, "2026-11-24", 1, 1, payer, payee, insutype, fund, fen, "wang", "filed", "li", 0, MSG
    )
    return told._replace(**changes)  # type: ignore[arg-type]


def made(*instructions: Instruction) -> bytes:
    file = PaymentFile(message_id(one.id for one in instructions), "2026-11-24", AT, list(instructions))
    return payment_file(file, parties=load_parties(), scheme=load_scheme())


def test_an_id_is_a_hash_of_the_natural_keys_and_of_nothing_else() -> None:
    keys = ("450100", "P45", "310", "310100", "2026-11-24", 1, 1)
    first = instruction_id(*keys)
    assert first == "4b36ceefdda9bea8578c39aa819cfc0f"
    for place, other in enumerate(("450200", "P44", "390", "310200", "2026-11", 2, 2)):
        changed: list[object] = list(keys)
        changed[place] = other
        assert instruction_id(*changed) != first  # type: ignore[arg-type]


def test_a_payment_file_counts_and_sums_whole_and_by_payer_and_insurance() -> None:
    instructions = [
        an_instruction(fen=12_345), an_instruction(fund="330100", fen=5), an_instruction(insutype="390", fen=100),
        an_instruction("P45", "P44", fen=700), an_instruction("P44", "440100", fen=10**13),
    ]  # fmt: skip
    document = xml.fromstring(made(*instructions))
    of = {"p": NAMESPACE}

    def text(node: xml.Element, path: str) -> str:
        return node.findtext("/".join(f"p:{part}" for part in path.split("/")), "", of)

    assert (text(document, "CstmrCdtTrfInitn/GrpHdr/NbOfTxs"), text(document, "CstmrCdtTrfInitn/GrpHdr/CtrlSum")) == (
        "5", "100000000131.50",
    )  # fmt: skip
    groups = document.findall(".//p:PmtInf", of)
    assert [(text(one, "DbtrAcct/Id/Othr/Id"), text(one, "NbOfTxs"), text(one, "CtrlSum")) for one in groups] == [
        ("SAMPLE-450100", "2", "123.50"), ("SAMPLE-450100", "1", "1.00"),
        ("SAMPLE-P44", "1", "100000000000.00"), ("SAMPLE-P45", "1", "7.00"),
    ]  # fmt: skip
    transfers = document.findall(".//p:CdtTrfTxInf", of)
    assert {text(one, "PmtId/EndToEndId") for one in transfers} == {one.id for one in instructions}
    assert {text(one, "CdtrAcct/Id/Othr/Id") for one in transfers} == {
        "SAMPLE-P45",
        "SAMPLE-P44",
        "SAMPLE-440100",
    }
    assert text(document, "CstmrCdtTrfInitn/GrpHdr/CreDtTm") == "2026-11-25T09:02:03+08:00"
    assert all(one.attrib == {"Ccy": "CNY"} for one in document.iter(f"{{{NAMESPACE}}}InstdAmt"))


def test_the_same_payments_give_the_same_bytes_in_whatever_order() -> None:
    some = [an_instruction(fen=7), an_instruction("P45", "P44")]
    assert made(*some) == made(*reversed(some))
    with pytest.raises(NotFound, match="no account for 999999"):
        made(an_instruction("999999"))


@given(st.integers(1, 10**15))
def test_amounts_are_written_to_the_fen(fen: int) -> None:
    whole, part = yuan(fen).split(".")
    assert int(whole) * 100 + int(part) == fen
    assert len(part) == 2


def csv(*lines: str) -> bytes:
    return "\n".join([",".join(HEADER), *lines]).encode()


def report(*transfers: str, group: str = "") -> bytes:
    return (
        '<?xml version="1.0"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>\n'
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{MSG}</OrgnlMsgId>{group}</OrgnlGrpInfAndSts>\n<OrgnlPmtInfAndSts>\n"
        + "\n".join(f"<TxInfAndSts>{one}</TxInfAndSts>" for one in transfers)
        + "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


def a_transfer(name: str, status: str, code: str = "") -> str:
    reason = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if code else ""
    return f"<OrgnlInstrId>{name}</OrgnlInstrId>\n<TxSts>{status}</TxSts>{reason}"


A, B, C = "a" * 32, "b" * 32, "c" * 32


def test_both_forms_of_a_banks_file_say_the_same() -> None:
    words = read_returns(csv(f"{A},accepted,,", f"{B},returned,,AC04", f"{C},partly,12.50,half"))
    assert words == [
        BankWord(2, A, "", "accepted", None, ""), BankWord(3, B, "", "returned", None, "AC04"),
        BankWord(4, C, "", "partly", 1_250, "half"),
    ]  # fmt: skip
    found = read_returns(
        report(a_transfer(A, "ACSC"), a_transfer(B, "RJCT", "AC04"), group="<GrpSts>PART</GrpSts>")
    )
    assert [word._replace(line=0) for word in found] == [word._replace(line=0) for word in words[:2]]


def test_a_report_may_speak_of_a_whole_payment_file() -> None:
    (word,) = read_returns(report(group="<GrpSts>RJCT</GrpSts>"))
    assert (word.instruction, word.msg_id, word.status) == ("", MSG, "returned")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"a,b\n", "line 1: the columns are a,b"),
        (csv(), "says nothing of any payment"),
        (csv(f"{A},accepted,", ""), "line 2: 3 cells under 4 columns"),
        (csv(f"{A},accepted,,", f"{B},paid,,"), "line 3: status is paid"),
        (csv("12,accepted,,"), "line 2: 12 is no id"),
        (csv(f"{A},partly,,"), "line 2: paid is told of what is partly paid"),
        (csv(f"{A},accepted,5,"), "line 2: paid is told of what is partly paid"),
        (csv(f"{A},partly,1.5,"), "line 2: 1.5 is no amount"),
        (csv(f"{A},partly,1e5,"), "line 2: 1e5 is no amount"),
        (csv(f"{A},accepted,,", f"{A},returned,,"), f"line 3: {A} stood in line 2 already"),
        (csv(f"{A},accepted,,") + b"\n\xff", "line 3: the file is not UTF-8"),
        (b"<D><CstmrPmtStsRpt>\n</D>", "line 2: the XML is broken"),
        (b"<Document>\n<CstmrCdtTrfInitn/></Document>", "line 2: CstmrCdtTrfInitn is no payment status report"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>\n<a>&b;</a>', "line 1: a document type is not taken"),
        (report(a_transfer(A, "PDNG")), "line 5: TxSts is PDNG"),
        (report(a_transfer("x", "ACSC")), "line 5: x is no id"),
        (report(a_transfer(A, "ACSC"), a_transfer(A, "ACSC")), "stood in line 5 already"),
        (report(group="<GrpSts>PART</GrpSts>"), "line 3: GrpSts is PART, and no transfer follows"),
        (b"a" * (FILE_BYTES_MAX + 1), "larger than 32 MB"),
    ],
)  # fmt: skip
def test_a_wrong_file_of_a_bank_is_refused_whole_with_line_and_reason(raw: bytes, said: str) -> None:
    with pytest.raises(ReturnsWrong, match=re.escape(said)):
        read_returns(raw)


@pytest.mark.parametrize(
    ("state", "status", "paid_fen", "meant"),
    [
        ({}, "accepted", None, 0),
        ({}, "returned", None, 12_345),
        ({}, "partly", 12_000, 345),
        ({}, "partly", 12_345, "are no part of it"),
        ({}, "partly", 0, "are no part of it"),
        ({"returned_fen": 345, "state": "partly"}, "partly", 12_000, 345),
        ({"returned_fen": 345, "state": "partly"}, "returned", None, 12_345),
        ({"returned_fen": 345, "state": "partly"}, "accepted", None, "a bank does not take that back"),
        ({"msg_id": None, "state": "approved"}, "accepted", None, "was not sent to the bank, it is approved"),
    ],
)  # fmt: skip
def test_what_a_word_means_depends_on_what_was_said_before(
    state: dict[str, object], status: str, paid_fen: int | None, meant: int | str
) -> None:
    found = returned_fen(an_instruction(**state), BankWord(2, A, "", status, paid_fen, ""))
    assert found == meant or (isinstance(meant, str) and meant in str(found))


def test_a_fund_without_a_name_is_written_by_its_code() -> None:
    scheme = replace(load_scheme(), funds=())
    file = PaymentFile(MSG, "2026-11-24", AT, [an_instruction()])
    assert "310 310100 310100 batch 1" in payment_file(file, parties=load_parties(), scheme=scheme).decode()
