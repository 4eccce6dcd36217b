"""The transfers behind a figure of the wallet, as the receivers' nodes tell them."""

from collections.abc import AsyncIterator, Sequence

from clearing.errors import BooksUnknown
from clearing.positions.explain import Explained, Item
from clearing.wallet.wallet_run import WalletBook
from clearing.wallet.wallets import CREDIT, node_of
from runtime.postgres import Connection


async def transfers(
    connection: Connection, explained: Explained, wallets: Sequence[WalletBook]
) -> AsyncIterator[Item]:
    """Every transfer that was credited, those that stand in a difference marked. Amounts in fen.

    Raises BooksUnknown, BookUnreachable, BookRefused.
    """
    of, at = explained.of, {one.at.name: one for one in wallets}
    days = await connection.fetch(
        "SELECT day FROM wallet_sum WHERE day BETWEEN $1 AND $2 AND pool = $3 AND to_pool = $4 AND kind = 'credit'"
        " ORDER BY day",
        of.period.first, of.period.last, int(of.debtor), of.creditor,
    )  # fmt: skip
    node = node_of(of.creditor)
    if days and node not in at:
        raise BooksUnknown(f"DSGW_BOOKS does not name the book of node {node}, which has the transfers.")
    for (day,) in days:
        differing = await connection.fetch("SELECT transfer_id FROM wallet_difference WHERE day = $1", day)
        aside = {one["transfer_id"] for one in differing}
        for id_, fen in sorted((await at[node].legs(day, int(of.debtor), of.creditor, CREDIT)).items()):
            yield Item(day, id_, "", 1, fen, id_ in aside)
