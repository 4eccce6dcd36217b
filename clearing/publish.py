"""What a run derives from its sums, in its own transaction: whatever does not hold throws the run away."""

from clearing.run_book import RunWriter


async def publish(_: RunWriter) -> None:
    """Nothing yet beyond the sums."""
