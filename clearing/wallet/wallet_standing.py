"""What of wallet transfers waits for an operator. Each is (rank, amount in fen, what, command), as `todo` lists them."""

from datetime import date

from runtime.postgres import Connection


async def wallets(connection: Connection, since: date) -> list[tuple[int, int, str, str]]:
    """Days that were run whose wallet was not, since the wallet's first run; and transfers that differ and that
    nobody has decided about. What waits for a second person is among the proposals."""
    days = await connection.fetch(
        "SELECT DISTINCT day FROM run r WHERE day >= greatest($1, (SELECT min(day) FROM wallet_run))"
        " AND EXISTS (SELECT FROM wallet_run) AND NOT EXISTS (SELECT FROM wallet_run w WHERE w.day = r.day) ORDER BY day",
        since,
    )
    differing = await connection.fetch(
        "SELECT day, count(*) AS number, isum(greatest(sent_fen, credited_fen)) AS fen FROM wallet_difference_state"
        " WHERE state = 'open' GROUP BY day ORDER BY day"
    )
    found = [
        (2, 0, f"the wallet of {day} was not run", f"python -m clearing wallet --date {day} --as NAME")
        for (day,) in days
    ]
    return found + [
        (
            4, one["fen"], f"{one['number']} wallet transfers of {one['day']} differ between two nodes",
            f"python -m clearing wallet --date {one['day']}",
        )
        for one in differing
    ]  # fmt: skip
