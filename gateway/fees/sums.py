"""The sums of uploaded lines as rows of `fee_sum`: written by fee calls, read by settlements."""

from collections.abc import Collection, Sequence

from gateway.care_book import BillLines
from gateway.catalogue import Parts
from gateway.fees.changes import CONTENT_BYTES, Place, Sum, lines_digest, sums_of
from proto.settlement.v1 import messages_pb2 as mpb
from runtime.postgres import Connection


def sum_row(visit: bytes, place: Place, one: Sum) -> tuple[object, ...]:
    """A sum as a row."""
    splits = mpb.SettleFacts(
        splits=[
            mpb.SplitSum(chrgitm_lv=level, first_pay_bp=ratio, amount_fen=amount, in_scope_fen=in_scope)
            for (level, ratio), (amount, in_scope) in sorted(one.splits.items())
        ]
    ).SerializeToString()
    return (visit, *place, one.lines, one.total_fen, *one.parts, splits, one.content.to_bytes(CONTENT_BYTES))


async def read_sums(
    connection: Connection, visits: Sequence[bytes], places: Collection[Place] | None = None
) -> dict[bytes, dict[Place, Sum]]:
    """The sums of some visits, all or those of some batches and days."""
    rows = await connection.fetch(
        "SELECT visit, batch, day, lines, full_self_fen, over_limit_fen, first_pay_fen, in_scope_fen, splits, content"
        " FROM fee_sum WHERE visit = any($1) AND ($2::text[] IS NULL"
        " OR (batch, day) IN (SELECT * FROM unnest($2::text[], $3::date[])))",
        list(visits),
        None if places is None else [place[0] for place in places],
        None if places is None else [place[1] for place in places],
    )
    found: dict[bytes, dict[Place, Sum]] = {}
    for visit, batch, day, lines, full_self, over, first, in_scope, splits, content in rows:
        found.setdefault(visit, {})[(batch, day)] = Sum(
            lines,
            Parts(full_self, over, first, in_scope),
            {
                (one.chrgitm_lv, one.first_pay_bp): (one.amount_fen, one.in_scope_fen)
                for one in mpb.SettleFacts.FromString(splits).splits
            },
            int.from_bytes(content),
        )
    return found


async def changed_bills(connection: Connection, wanted: Sequence[BillLines]) -> set[tuple[bytes, bytes]]:
    """Those (visit, bill) whose settlement named uploaded lines that are no longer held just so."""
    settlements = [one.settlement for one in wanted if one.settlement is not None]
    if not settlements:
        return set()
    bills = await connection.fetch(
        "SELECT visit, bill, batch, begin_day, end_day, lines_digest FROM fee_bill WHERE settlement = any($1)",
        settlements,
    )
    sums = await read_sums(connection, [bill["visit"] for bill in bills]) if bills else {}
    return {
        (visit, bill)
        for visit, bill, batch, begin, end, digest in bills
        if lines_digest(sums_of(sums.get(visit, {}), batch, begin, end)) != digest
    }
