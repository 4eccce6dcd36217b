"""Rows that move no money: the blank, and the one that a starting worker tries to write and must not be able to."""

from datetime import date

from homepool.book import Cursor
from ledger.life import Kind, Status
from ledger.rows import Row
from runtime.keys import ID_BYTES


def still_row() -> Row:
    """A row that moves nothing and names nobody; whoever needs one replaces what he knows."""
    texts = dict.fromkeys(
        ("code", "region", "fixmedins_code", "psn_no", "insutype", "med_type", "clr_type", "commercial_payer",
         "policy_version"), "",
    )  # fmt: skip
    absent = dict.fromkeys(
        ("visit", "bill", "target", "undoes", "settlement", "deltas", "family_psn_no", "family_amount_fen",
         "line_keys", "lines_digest", "begin_day", "end_day", "invoice"),
    )  # fmt: skip
    values: dict[str, object] = dict.fromkeys(Row._fields, 0) | texts | absent
    values |= {"digest": bytes(32), "answer": b"", "seals": False, "fund_includes_account": False}
    return Row._make(values[name] for name in Row._fields)


def probe_row(cursor: Cursor, day: date) -> Row:
    """A declined settlement of the all-zero id, at the cursor's next number."""
    return still_row()._replace(
        partition=cursor.partition, term=cursor.term, number=cursor.next_number, day=day, id=bytes(ID_BYTES),
        kind=int(Kind.SETTLE), status=int(Status.DECLINED),
    )  # fmt: skip
