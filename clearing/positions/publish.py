"""What a run derives from its sums, in its own transaction: whatever does not hold throws the run away."""

from clearing.day.run_book import RunWriter
from clearing.positions.position_book import publish_positions
from clearing.scheme import load_scheme


async def publish(writer: RunWriter) -> None:
    """Positions and journals. Raises RunBroken, SchemeWrong."""
    await publish_positions(writer, load_scheme())
