"""How much goes into one record of the log.

A flush is one record per partition, but a record is bounded in items and bytes, so that no partition is held up
by a giant and so that a record stays well below the broker's own limit of 1 MiB.
"""

from collections.abc import Iterable, Iterator

from bus.errors import RecordTooLarge

RECORD_ITEMS_MAX = 500
RECORD_BYTES_MAX = 512_000
ITEM_OVERHEAD_BYTES = 6  # tag and length of one repeated bytes field
HEAD_BYTES_MAX = 512  # the record's own fields beside the items: region, slot, clock
ITEMS_BYTES_MAX = RECORD_BYTES_MAX - HEAD_BYTES_MAX


def split_items(items: Iterable[bytes], *, items_max: int = RECORD_ITEMS_MAX) -> Iterator[list[bytes]]:
    """Cut serialised items into lists that each fit into one record, in their order; never an empty list.

    Raises RecordTooLarge for an item that fits into no record, before anything of its list is handed out.
    """
    part: list[bytes] = []
    part_bytes = 0
    for item in items:
        size = len(item) + ITEM_OVERHEAD_BYTES
        if size > ITEMS_BYTES_MAX:
            raise RecordTooLarge(f"an item of {len(item)} bytes fits into no record of {RECORD_BYTES_MAX}")
        if part and (len(part) >= items_max or part_bytes + size > ITEMS_BYTES_MAX):
            yield part
            part, part_bytes = [], 0
        part.append(item)
        part_bytes += size
    if part:
        yield part
