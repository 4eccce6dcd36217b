"""What an operator asks over gRPC, in the contract's messages: the same functions as the commands call.

Each call has a session of its own with the clearing database, so that one who asks for much holds nobody up.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import date, timedelta
from typing import Any, Final

from clearing import standing
from clearing.day.actions import RULES, Action
from clearing.day.compare import DifferenceClass
from clearing.day.difference_book import STATES, Filter, Kept, check, listed, propose, undo, waits
from clearing.day.run import planned
from clearing.day.verify import Verified
from clearing.errors import Malformed
from clearing.operator_log import entries, note
from clearing.options import AGE_DAYS_MAX
from clearing.service.fields import day_of, month_of, name_in, text_of
from clearing.session import Opened, Session, ran, trying
from clearing.verification import verify_day, verify_month
from proto.settlement.v1 import clearing_pb2 as pb

WATCH_EVERY_S: Final = 0.5
WATCH_IDLE_S_MAX: Final = 3_600
PART_ENTRIES: Final = 500


class OperatorDesk:
    """The operators' half of ClearingService. Raises clearing's faults."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    async def run_day(self, request: pb.RunDayRequest) -> pb.RunDayResponse:
        """Run a day, or say what would be run."""
        day, operator = day_of(request.day), name_in(request.operator)
        async with self._opened() as session:
            if request.dry_run:
                pairs, absent = await planned(day, connection=session.connection, books=session.books)
                return pb.RunDayResponse(
                    would_run=["/".join(pair) for pair in pairs], absent=absent_books(absent)
                )
            result = await ran(session, day, operator=operator, show=_silent)
            await note(
                session.connection, operator, "run", f"day {day}", {"batch": result.run and result.run.batch}
            )
            answer = pb.RunDayResponse(absent=absent_books(result.absent))
            if result.run is not None:
                one = next(
                    one
                    for one in await standing.runs(session.connection, day=day)
                    if one["batch"] == result.run.batch
                )
                answer.run.CopyFrom(_summary(one))
                answer.run.carried = result.carried
            return answer

    async def watch_run(self, request: pb.WatchRunRequest) -> AsyncGenerator[pb.WatchRunResponse, None]:
        """What changes of the runs under way, until the day that was asked for has ended."""
        wanted = day_of(request.day).isoformat() if request.day else ""
        seen: dict[str, tuple[Any, ...]] = {}
        async with self._opened() as session:
            for _ in range(int(WATCH_IDLE_S_MAX / WATCH_EVERY_S)):
                going = {
                    one["day"]: one for one in await standing.under_way(session.connection) if one["alive"]
                }
                for day, one in going.items():
                    now = (one["step"], one["done"], one["total"])
                    if seen.get(day) != now and wanted in ("", day):
                        seen[day] = now
                        yield pb.WatchRunResponse(
                            day=day, step=one["step"], done=one["done"], total=one["total"], operator=one["operator"],
                            at=one["at"],
                        )  # fmt: skip
                ended = [day for day in seen if day not in going]
                if wanted and wanted not in going:
                    ended = [wanted]
                for day in ended:
                    seen.pop(day, None)
                    yield await _ended(session, day)
                if wanted in ended:
                    return
                await asyncio.sleep(WATCH_EVERY_S)

    async def list_runs(self, request: pb.ListRunsRequest) -> pb.ListRunsResponse:
        """What was run."""
        async with self._opened() as session:
            found = await standing.runs(session.connection, day=day_of(request.day) if request.day else None)
        return pb.ListRunsResponse(runs=[_summary(one) for one in found])

    async def get_status(self) -> pb.GetStatusResponse:
        """How books and runs stand."""
        async with self._opened() as session:
            found = await standing.status(session.connection, session.books)
        return pb.GetStatusResponse(
            books=[pb.BookStatus(**one) for one in found["books"]],
            under_way=[pb.RunUnderWay(**one) for one in found["under_way"]],
            unpaid=[pb.UnpaidMonth(**one) for one in found["unpaid"]],
        )

    async def list_waiting(self) -> pb.ListWaitingResponse:
        """What waits."""
        async with self._opened() as session:
            found = await standing.waiting(session.connection, session.today)
        return pb.ListWaitingResponse(waiting=[pb.WaitingItem(**one._asdict()) for one in found])

    async def list_differences(self, request: pb.ListDifferencesRequest) -> pb.ListDifferencesResponse:
        """What differs."""
        kind, age_days = getattr(request, "class"), request.age_days
        if kind and kind not in list(DifferenceClass):
            raise Malformed(f"class: {kind[:30]!r} is none of {', '.join(DifferenceClass)}.")
        if not 0 <= age_days <= AGE_DAYS_MAX:
            raise Malformed(f"age_days: {age_days} is not between 0 and {AGE_DAYS_MAX}.")
        institution = text_of(request.fixmedins_code, field="fixmedins_code")
        async with self._opened() as session:
            today = session.today
            wanted = Filter(
                day_of(request.day) if request.day else None, kind, institution,
                today - timedelta(days=age_days) if age_days else None,
            )  # fmt: skip
            if request.resolved_too:
                wanted = wanted._replace(states=STATES)
            found = await listed(session.connection, wanted)
        return pb.ListDifferencesResponse(differences=[_difference(one, today) for one in found])

    async def resolve(self, request: pb.ResolveDifferenceRequest) -> pb.ResolveDifferenceResponse:
        """Settle a difference."""
        if request.action not in list(Action):
            raise Malformed(f"action: {request.action[:30]!r} is none of {', '.join(Action)}.")
        action, operator = Action(request.action), name_in(request.operator)
        reason = text_of(request.reason, field="reason")
        async with self._opened() as session, trying(session, request.dry_run):
            made = await propose(
                session.connection,
                request.id,
                action,
                operator=operator,
                reason=reason,
                books=session.books,
            )
            waiting = await waits(session.connection, made)
        return pb.ResolveDifferenceResponse(resolution=0 if request.dry_run else made, needs_checker=waiting)

    async def check(self, request: pb.CheckResolutionRequest) -> pb.CheckResolutionResponse:
        """The second person's word."""
        operator = name_in(request.operator)
        async with self._opened() as session, trying(session, request.dry_run):
            await check(
                session.connection, request.resolution, operator=operator, books=session.books, refuse=request.refuse
            )  # fmt: skip
        return pb.CheckResolutionResponse()

    async def undo(self, request: pb.UndoResolutionRequest) -> pb.UndoResolutionResponse:
        """Take a resolution back."""
        operator, reason = name_in(request.operator), text_of(request.reason, field="reason")
        async with self._opened() as session, trying(session, request.dry_run):
            made, waits = await undo(session.connection, request.resolution, operator=operator, reason=reason)
        return pb.UndoResolutionResponse(resolution=0 if request.dry_run else made, needs_checker=waits)

    async def verify(self, request: pb.VerifyDayRequest) -> pb.VerifyDayResponse:
        """Recompute a day."""
        async with self._opened() as session:
            found = await verify_day(day_of(request.day), connection=session.connection, books=session.books)
        return pb.VerifyDayResponse(
            batches=found.batches,
            pairs=found.pairs,
            sums=found.sums,
            findings=_findings(found),
            mended=found.mended,
        )

    async def verify_month(self, request: pb.VerifyMonthRequest) -> pb.VerifyMonthResponse:
        """Recompute a month in clearing's own books."""
        async with self._opened() as session:
            found = await verify_month(month_of(request.month), connection=session.connection)
        return pb.VerifyMonthResponse(batches=found.batches, findings=_findings(found))

    async def list_log(self, request: pb.ListLogRequest) -> AsyncGenerator[pb.ListLogResponse, None]:
        """The operators' log, in parts."""
        operator = text_of(request.operator, field="operator")
        async with self._opened() as session:
            found = await entries(session.connection, operator=operator, after=request.after)
        for first in range(0, len(found), PART_ENTRIES):
            some = found[first : first + PART_ENTRIES]
            told = [one | {"detail": json.dumps(one["detail"], ensure_ascii=False)} for one in some]
            yield pb.ListLogResponse(entries=[pb.LogEntry(**one) for one in told])


def _findings(found: Verified) -> list[pb.VerifyFinding]:
    return [pb.VerifyFinding(what=one.what, where=one.where) for one in found.findings]


async def _ended(session: Session, day: str) -> pb.WatchRunResponse:
    answer = pb.WatchRunResponse(day=day, step="end")
    made = await standing.runs(session.connection, day=date.fromisoformat(day))
    if made:
        answer.run.CopyFrom(_summary(made[0]))
    return answer


def _summary(one: dict[str, Any]) -> pb.RunSummary:
    return pb.RunSummary(
        day=one["day"], batch=one["batch"], made_at=one["made_at"], made_by=one["made_by"], pairs=one["pairs"],
        items=one["items"] or 0, fetched=one["fetched"] or 0, differences=one["differences"], open=one["open"],
        absent=one["absent"],
    )  # fmt: skip


def _difference(one: Kept, today: date) -> pb.DifferenceItem:
    rule = RULES[one.kind]
    item = pb.DifferenceItem(
        id=one.id, day=one.day.isoformat(), batch=one.batch, node=one.node, region=one.region, setl_id=one.setl_id,
        fixmedins_code=one.fixmedins_code, home=map(json.dumps, one.home), care=map(json.dumps, one.care),
        institution=map(json.dumps, one.institution or []), institution_compared=one.institution is not None,
        differs=one.differs, stake_fen=one.stake_fen, state=one.state, resolution=one.resolution or 0,
        age_days=(today - one.day).days, owner=rule.owner, actions=sorted(rule.actions),
        next_action=rule.next_action if one.state == "open" else "",
    )  # fmt: skip
    setattr(item, "class", str(one.kind))
    return item


def absent_books(absent: dict[str, str]) -> list[pb.AbsentBook]:
    """Who stayed out of a run, and why."""
    return [pb.AbsentBook(book=book, why=why) for book, why in absent.items()]


def _silent(_step: str, _done: int, _of: int) -> None:
    """Nobody looks at this process's terminal."""
