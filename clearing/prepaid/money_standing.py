"""What waits for an operator beyond the day: proposals without a second person, months, prepayments, payouts."""

from datetime import date, timedelta
from typing import Final

from clearing.prepaid.prepayment import load_rules
from clearing.prepaid.prepayment_book import accounts
from clearing.workdays import load_workdays
from runtime.postgres import Connection

URGENT_DAYS: Final = 3
"""So many days before it is due a month becomes as urgent as a day that was not run; an assumption."""
PAYOUT_DAYS_LOOKED_BACK: Final = 7

Row = tuple[int, int, str, str]
"""(rank, amount in fen, what, command), as clearing/standing.py orders them."""


async def proposals(connection: Connection) -> list[Row]:
    """What was proposed and nobody has looked at."""
    records = await connection.fetch(
        "SELECT id, kind, ref, amount_fen, made_by FROM proposal_state WHERE state = 'waiting' ORDER BY id"
    )
    return [
        (
            3, abs(one["amount_fen"]), f"{one['kind']} {one['ref']} by {one['made_by']} waits for a second person",
            f"python -m clearing proposals approve {one['id']} --as NAME",
        )
        for one in records
    ]  # fmt: skip


async def months(connection: Connection, today: date) -> list[Row]:
    """Months that are over and neither closed nor proposed, with the day by which they have to be closed."""
    records = await connection.fetch(
        "SELECT DISTINCT to_char(day, 'YYYY-MM') AS month FROM run WHERE day < date_trunc('month', $1::date)"
        " AND NOT EXISTS (SELECT FROM month_closed WHERE month >= to_char(day, 'YYYYMM')) ORDER BY 1",
        today,
    )
    workdays = load_workdays()
    found = []
    for (month,) in records:
        year, number = int(month[:4]), int(month[5:])
        by = next(
            (due.by for due in workdays.of_month(year, number) if due.what == "the month is closed"), None
        )
        urgent = by is not None and by - timedelta(days=URGENT_DAYS) <= today
        command = f"python -m clearing month --month {month} --as NAME"
        found.append((1 if urgent else 5, 0, f"{month} is not closed; it is due by {by}", command))
    return found


async def prepayments(connection: Connection, today: date) -> list[Row]:
    """Top-ups that have not arrived, and accounts that are yellow or red and nobody has asked money for."""
    rules, workdays = load_rules(), load_workdays()
    records = await connection.fetch(
        "SELECT p.id, p.ref, p.amount_fen, p.state FROM proposal_state p WHERE kind = 'top_up'"
        " AND state IN ('waiting', 'approved') AND NOT EXISTS (SELECT FROM prepayment_receipt WHERE proposal = p.id)"
        " ORDER BY p.id"
    )
    found: list[Row] = [
        (
            4, one["amount_fen"], f"top-up {one['id']} of {one['ref']} is approved and has not arrived",
            f"python -m clearing prepayment received {one['id']} --reference REFERENCE --as NAME",
        )
        for one in records
        if one["state"] == "approved"
    ]  # fmt: skip
    asked = {one["ref"] for one in records}
    for one in await accounts(connection, today, rules):
        level, key = one.level(rules), one.key.text
        if level and key not in asked:
            by = workdays.after(today, rules.apply_workdays)
            what = f"prepayment {key} is {level}" + (f": ask for money by {by}" if level == "red" else "")
            command = f"python -m clearing prepayment top-up {key} --as NAME"
            found.append((2 if level == "red" else 5, one.missing_fen, what, command))
    return found


async def payouts(connection: Connection, today: date) -> list[Row]:
    """Days that were run and not paid out, where payouts are in use; closed months that are not paid; advances."""
    days = await connection.fetch(
        "SELECT DISTINCT day::text FROM run r WHERE day BETWEEN $1 AND $2"
        " AND day > (SELECT min(day) FROM payout_paid)"
        " AND NOT EXISTS (SELECT FROM payout_paid p WHERE p.day = r.day AND p.batch = r.batch)"
        " AND NOT EXISTS (SELECT FROM month_run_paid m WHERE m.day = r.day AND m.batch = r.batch)"
        " AND NOT EXISTS (SELECT FROM proposal_state s WHERE s.kind = 'payout' AND s.ref = r.day::text"
        "   AND s.state = 'waiting') ORDER BY 1",
        today - timedelta(days=PAYOUT_DAYS_LOOKED_BACK), today - timedelta(days=1),
    )  # fmt: skip
    found: list[Row] = [
        (4, 0, f"{day} is not paid out to institutions", f"python -m clearing payout --date {day} --as NAME")
        for (day,) in days
    ]
    months = await connection.fetch(
        "SELECT f.month, isum(l.to_pay_fen) AS fen FROM month_final f JOIN month_institution_line l USING (proposal)"
        " WHERE l.bearer IN ('pool', 'account') AND NOT EXISTS (SELECT FROM month_paid p WHERE p.month = f.month)"
        " GROUP BY f.month HAVING isum(l.to_pay_fen) > 0 ORDER BY f.month"
    )
    for month, fen in months:
        text = f"{month[:4]}-{month[4:]}"
        due = load_workdays().of_month(int(month[:4]), int(month[4:]))
        by = next((one.by for one in due if one.what == "institutions are paid"), None)
        what = f"institutions are not paid for {text}; they are by {by}"
        found.append((4, fen, what, f"python -m clearing payout --month {text} --as NAME"))
    advances = await connection.fetch(
        "SELECT id, ref, amount_fen FROM proposal_state p WHERE kind = 'advance' AND state = 'approved'"
        " AND NOT EXISTS (SELECT FROM advance_payment WHERE proposal = p.id) ORDER BY id"
    )
    found += [
        (
            4, one["amount_fen"], f"advance {one['ref']} is approved and not paid",
            f"python -m clearing advance paid {one['id']} --reference REFERENCE --as NAME",
        )
        for one in advances
    ]  # fmt: skip
    return found
