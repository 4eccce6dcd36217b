"""The mirror of a settlement's row: every amount, delta and draw with the other sign, or the same again."""

from typing import Any, Final

from ledger.rows import AMOUNTS, COLUMNS, Row

AT: Final = {name: place for place, name in enumerate(COLUMNS)}
_SIGNED: Final = tuple(AT[name] for name in (*AMOUNTS, "month_in_scope_fen", "month_pooled_fen"))


def mirror_of(settlement: Row, *, sign: int, **columns: object) -> Row:
    """A settlement's row undone (`sign` -1) or revived (1), under its own identity (`columns`)."""
    values: list[Any] = list(settlement)
    if sign < 0:
        for place in _SIGNED:
            values[place] = -values[place]
        for name in ("deltas", "family_amount_fen"):
            if values[AT[name]] is not None:
                values[AT[name]] = tuple(-amount for amount in values[AT[name]])
    columns |= {"code": "", "settlement": settlement.id, "sign": sign}
    for name, value in columns.items():
        values[AT[name]] = value
    return Row._make(values)
