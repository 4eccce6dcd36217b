"""How clearing stands: what waits for an operator, what was run, and how far a run is."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from clearing.books import Book
from clearing.errors import BookRefused, BookUnreachable
from clearing.prepaid import money_standing
from clearing.wallet import wallet_standing
from runtime.postgres import Connection

RUNS_SHOWN_MAX: Final = 400
DAYS_LOOKED_BACK: Final = 31


class Waiting(NamedTuple):
    """One thing that waits: the lower the rank the more urgent."""

    rank: int
    amount_fen: int
    what: str
    command: str


async def waiting(connection: Connection, today: date) -> list[Waiting]:
    """What waits for an operator, most urgent and largest first.

    Days are those before `today` (China time) since the first run, at most `DAYS_LOOKED_BACK`.
    """
    found = [
        *await _days_not_run(connection, today),
        *await _absent(connection),
        *await _unchecked(connection),
        *await _instructions(connection),
        *await _differences(connection, today),
        *[Waiting(*one) for one in await money_standing.proposals(connection)],
        *[Waiting(*one) for one in await money_standing.months(connection, today)],
        *[Waiting(*one) for one in await money_standing.prepayments(connection, today)],
        *[Waiting(*one) for one in await money_standing.payouts(connection, today)],
        *[
            Waiting(*one)
            for one in await wallet_standing.wallets(connection, today - timedelta(days=DAYS_LOOKED_BACK))
        ],
    ]
    return sorted(found, key=lambda one: (one.rank, -one.amount_fen, one.what))


async def _days_not_run(connection: Connection, today: date) -> list[Waiting]:
    first = await connection.fetchval("SELECT min(day) FROM run")
    yesterday = today - timedelta(days=1)
    from_day = max(first or yesterday, today - timedelta(days=DAYS_LOOKED_BACK))
    records = await connection.fetch(
        "SELECT d::date AS day FROM generate_series($1::date, $2::date, interval '1 day') d"
        " WHERE NOT EXISTS (SELECT FROM run WHERE day = d::date) ORDER BY d",
        from_day, yesterday,
    )  # fmt: skip
    return [
        Waiting(
            1, 0, f"{record['day']} was not run", f"python -m clearing run --date {record['day']} --as NAME"
        )
        for record in records
    ]


async def _absent(connection: Connection) -> list[Waiting]:
    """Books that stayed out of the last batch of a day."""
    records = await connection.fetch(
        "SELECT a.day, a.book, a.why FROM run_absent a"
        " WHERE a.batch = (SELECT max(batch) FROM run WHERE day = a.day) ORDER BY a.day, a.book"
    )
    return [
        Waiting(
            2,
            0,
            f"{one['day']}: {one['book']} stayed out",
            f"python -m clearing run --date {one['day']} --as NAME",
        )
        for one in records
    ]


async def _unchecked(connection: Connection) -> list[Waiting]:
    records = await connection.fetch(
        "SELECT r.id, r.action, r.made_by, r.difference, d.stake_fen FROM resolution r JOIN difference d"
        " ON d.id = r.difference WHERE r.needs_checker AND r.checked_by IS NULL ORDER BY r.id"
    )
    return [
        Waiting(
            3, one["stake_fen"],
            f"{one['action']} of difference {one['difference']} by {one['made_by']} waits for a second person",
            f"python -m clearing approve {one['id']} --as NAME",
        )
        for one in records
    ]  # fmt: skip


async def _instructions(connection: Connection) -> list[Waiting]:
    """Payments that wait for a person, and closed months that nothing pays yet."""
    records = await connection.fetch(
        "SELECT period, state, batch > 2000 AS institutions, count(*) AS number, isum(amount_fen) AS amount_fen"
        " FROM instruction_state i"
        " WHERE state IN ('proposed', 'approved')"
        " OR state = 'refused' AND NOT EXISTS (SELECT FROM instruction WHERE replaces = i.id) GROUP BY 1, 2, 3"
    )
    steps = {
        "proposed": "instructions approve",
        "approved": "instructions --out DIR",
        "refused": "instructions reopen",
    }
    found = []
    for one in records:
        whom, option = (" to institutions", " --institutions") if one["institutions"] else ("", "")
        what = f"{one['number']} instructions of {one['period']}{whom} are {one['state']}"
        command = f"python -m clearing {steps[one['state']]} {_period(one['period'])}{option} --as NAME"
        found.append(Waiting(3, one["amount_fen"], what, command))
    unpaid = await connection.fetch(
        "SELECT month FROM month_final f WHERE NOT EXISTS (SELECT FROM instruction_month i WHERE i.proposal = f.proposal)"
        " ORDER BY month"
    )
    months = [f"{one['month'][:4]}-{one['month'][4:]}" for one in unpaid]
    found += await _wallets_unpaid(connection)
    found += await _institutions_unpaid(connection)
    return found + [
        Waiting(
            3, 0, f"{month} is closed and paid by no instruction",
            f"python -m clearing instructions --month {month} --as NAME",
        )
        for month in months
    ]  # fmt: skip


async def _wallets_unpaid(connection: Connection) -> list[Waiting]:
    """What pools owe for wallets in months that are closed and no instruction pays."""
    records = await connection.fetch(
        "SELECT f.month, isum(abs(p.amount_fen)) AS fen FROM run_payment r JOIN wallet_position p USING (day, batch)"
        " JOIN month_final f ON f.month = to_char(r.day, 'YYYYMM')"
        " WHERE r.kind = 'wallet' AND r.state = 'unpaid' GROUP BY f.month ORDER BY f.month"
    )
    return [
        Waiting(
            3, fen, f"wallets of {month[:4]}-{month[4:]} are paid by no instruction",
            f"python -m clearing instructions --month {month[:4]}-{month[4:]} --as NAME",
        )
        for month, fen in records
    ]  # fmt: skip


async def _institutions_unpaid(connection: Connection) -> list[Waiting]:
    """Approved payouts that no instruction takes to the bank; institutions without an account among them."""
    records = await connection.fetch(
        "SELECT period, count(DISTINCT fixmedins_code) AS number, isum(amount_fen) AS fen FROM institution_unpaid"
        " WHERE proposal = any($1::bigint[]) GROUP BY period ORDER BY period",
        [one[0] for one in await connection.fetch("SELECT proposal FROM payout_open")],
    )
    return [
        Waiting(
            3, fen, f"{number} institutions of the payout of {period} are paid by no instruction",
            f"python -m clearing instructions {_period(period)} --institutions --as NAME",
        )
        for period, number, fen in records
    ]  # fmt: skip


def _period(text: str) -> str:
    return f"--{'month' if len(text) == len('2026-11') else 'date'} {text}"


async def _differences(connection: Connection, today: date) -> list[Waiting]:
    records = await connection.fetch(
        "SELECT day, class, count(*) AS items, sum(stake_fen)::bigint AS stake_fen FROM difference_state"
        " WHERE state = 'open' GROUP BY day, class"
    )
    return [
        Waiting(
            4, one["stake_fen"],
            f"{one['items']} differences of {one['day']}, {one['class']}, {(today - one['day']).days} days old",
            f"python -m clearing differences --date {one['day']} --class {one['class']}",
        )
        for one in records
    ]  # fmt: skip


async def runs(connection: Connection, *, day: date | None = None) -> list[dict[str, Any]]:
    """What was run, the latest first."""
    records = await connection.fetch(
        "SELECT r.day, r.batch, r.made_at, r.made_by, r.program, p.pairs, p.items, p.fetched, d.differences, d.open,"
        " a.absent FROM run r"
        " LEFT JOIN LATERAL (SELECT count(*) AS pairs, sum(home_items)::bigint AS items, sum(fetched)::bigint AS fetched"
        "   FROM run_pair p WHERE p.day = r.day AND p.batch = r.batch) p ON true"
        " LEFT JOIN LATERAL (SELECT count(*) AS differences, count(*) FILTER (WHERE state <> 'resolved') AS open"
        "   FROM difference_state d WHERE d.day = r.day AND d.batch = r.batch) d ON true"
        " LEFT JOIN LATERAL (SELECT coalesce(array_agg(book ORDER BY book), '{}') AS absent"
        "   FROM run_absent a WHERE a.day = r.day AND a.batch = r.batch) a ON true"
        f" WHERE $1::date IS NULL OR r.day = $1 ORDER BY r.day DESC, r.batch DESC LIMIT {RUNS_SHOWN_MAX}",
        day,
    )
    return [
        {**dict(one), "day": one["day"].isoformat(), "made_at": one["made_at"].isoformat(timespec="seconds")}
        for one in records
    ]


async def unpaid(connection: Connection) -> list[dict[str, Any]]:
    """By month and column, how many runs are paid between pools, under way and unpaid; months that are paid left out."""
    records = await connection.fetch(
        "SELECT to_char(day, 'YYYY-MM') AS month, kind, count(*) FILTER (WHERE state = 'paid') AS paid,"
        " count(*) FILTER (WHERE state = 'under_way') AS under_way, count(*) FILTER (WHERE state = 'unpaid') AS unpaid"
        " FROM run_payment GROUP BY 1, 2 HAVING count(*) FILTER (WHERE state <> 'paid') > 0 ORDER BY 1, 2"
    )
    return [dict(one) for one in records]


async def status(connection: Connection, books: Sequence[Book]) -> dict[str, list[dict[str, Any]]]:
    """How the books, the runs under way, and the payment of what pools owe one another stand."""
    told = []
    for book in books:
        entry = {
            "book": book.at.text,
            "address": book.at.address,
            "open_day": "",
            "last_closed": "",
            "fault": "",
        }
        try:
            said = await book.describe()
            entry |= {"open_day": said.open_day, "last_closed": next(iter(said.closed_days), "")}
        except (BookUnreachable, BookRefused) as failed:
            entry["fault"] = str(failed)
        told.append(entry)
    return {"books": told, "under_way": await under_way(connection), "unpaid": await unpaid(connection)}


async def under_way(connection: Connection) -> list[dict[str, Any]]:
    """Runs that are going on, and those that ended without an end: nobody is `alive` who would hold their progress."""
    records = await connection.fetch(
        "SELECT p.*, EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
        "   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        "   AND classid::bigint = hashtext('progress') & 4294967295 AND objid::bigint = p.day - date '0001-01-01' + 1)"
        " AS alive FROM run_progress p ORDER BY day"
    )
    return [
        {
            **dict(one), "day": one["day"].isoformat(), "began_at": one["began_at"].isoformat(timespec="seconds"),
            "at": one["at"].isoformat(timespec="seconds"),
        }
        for one in records
    ]  # fmt: skip
