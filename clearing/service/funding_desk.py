"""What operators ask of money ahead of the bill, or after an audit, over gRPC: the functions that the commands call."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import date
from typing import Any, Final

from clearing.errors import Malformed
from clearing.prepaid import advance_book, audit_book, payout_book, prepayment_book
from clearing.prepaid.advance_book import Whom
from clearing.prepaid.advances import Reserve, load_advance_rules, load_payout_rules
from clearing.prepaid.audit_book import Kept
from clearing.prepaid.audit_file import read_audit
from clearing.prepaid.payout_book import MonthShare, PayoutLine
from clearing.prepaid.prepayment import load_rules, read_key
from clearing.proposals import found
from clearing.scheme import load_scheme
from clearing.service.fields import FEN_MAX, day_of, fen_of, month_of, name_in, period_of, text_of
from clearing.service.proposal_desk import proposed_item
from clearing.session import Opened, Session, trying
from proto.settlement.v1 import funding_pb2 as pb
from proto.settlement.v1.proposal_pb2 import ProposalItem

POOL_MIN: Final = 100_000
POOL_MAX: Final = 999_999


class FundingDesk:
    """Answers FundingService. Raises clearing's faults."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    # ------------------------------------------------------------------------------------------ prepayments

    async def list_prepayments(self) -> pb.ListPrepaymentsResponse:
        """How accounts stand."""
        rules = load_rules()
        async with self._opened() as session:
            today = session.today
            accounts = await prepayment_book.accounts(session.connection, today, rules)
        answer = pb.ListPrepaymentsResponse(yellow_bp=rules.yellow_bp, red_bp=rules.red_bp)
        for one in accounts:
            told = one.as_json(today, rules)
            answer.prepayments.add(**(told | {"runs_out": told["runs_out"] or ""}))
        return answer

    async def propose_quota(self, request: pb.ProposeQuotaRequest) -> pb.ProposeQuotaResponse:
        """Agree on a quota."""
        item, made = await self._prepaid(request, prepayment_book.propose_quota)
        return pb.ProposeQuotaResponse(proposal=item, made=made)

    async def propose_top_up(self, request: pb.ProposeTopUpRequest) -> pb.ProposeTopUpResponse:
        """Ask for money."""
        item, made = await self._prepaid(request, prepayment_book.propose_top_up)
        return pb.ProposeTopUpResponse(proposal=item, made=made)

    async def _prepaid(
        self,
        request: pb.ProposeQuotaRequest | pb.ProposeTopUpRequest,
        propose: Callable[..., Awaitable[tuple[int, bool]]],
    ) -> tuple[ProposalItem, bool]:
        key, amount_fen, operator = (
            read_key(request.account),
            fen_of(request.amount_fen),
            name_in(request.operator),
        )
        if key is None:
            raise Malformed(f"account: {request.account[:40]!r} is none; give HOME/CARE/INSUTYPE/FUND.")
        async with self._opened() as session, trying(session, request.dry_run):
            number, made = await propose(
                session.connection, key, amount_fen or None, operator=operator, today=session.today, rules=load_rules()
            )  # fmt: skip
            return await proposed_item(session, number, dry_run=request.dry_run and made), made

    async def receive_top_up(self, request: pb.ReceiveTopUpRequest) -> pb.ReceiveTopUpResponse:
        """Book a receipt."""
        await self._moved(request, prepayment_book.receive)
        return pb.ReceiveTopUpResponse()

    async def _moved(
        self,
        request: pb.ReceiveTopUpRequest | pb.PayAdvanceRequest,
        book: Callable[..., Awaitable[None]],
    ) -> None:
        """The bank has moved what was approved."""
        operator = name_in(request.operator)
        reference = text_of(request.bank_reference, field="bank_reference", needed=True)
        async with self._opened() as session, trying(session, request.dry_run):
            await book(
                session.connection, request.proposal, day=_day_or_today(request.day, session), reference=reference,
                operator=operator,
            )  # fmt: skip

    # ------------------------------------------------------------------------------------------ payouts

    async def list_payouts(self, request: pb.ListPayoutsRequest) -> pb.ListPayoutsResponse:
        """What institutions get."""
        period = period_of(request.period)
        async with self._opened() as session:
            lines = await payout_book.lines_of(session.connection, period)
        return pb.ListPayoutsResponse(lines=_payouts(lines), amount_fen=sum(one.amount_fen for one in lines))

    async def propose_payout(self, request: pb.ProposePayoutRequest) -> pb.ProposePayoutResponse:
        """Propose a day's payout, or a closed month's rest."""
        period, operator = period_of(request.period), name_in(request.operator)
        async with self._opened() as session, trying(session, request.dry_run):
            number, made = await payout_book.propose_for(
                session.connection, period, load_payout_rules(), operator=operator
            )
            item = await proposed_item(session, number, dry_run=request.dry_run and made)
            lines = await payout_book.lines_of(session.connection, period)
        return pb.ProposePayoutResponse(proposal=item, made=made, lines=_payouts(lines))

    # ------------------------------------------------------------------------------------------ advances

    async def list_advances(self) -> pb.ListAdvancesResponse:
        """How advances stand."""
        async with self._opened() as session:
            advances = await advance_book.listed(session.connection)
        return pb.ListAdvancesResponse(advances=[pb.AdvanceItem(**one._asdict()) for one in advances])

    async def note_reserve(self, request: pb.NoteReserveRequest) -> pb.NoteReserveResponse:
        """How a fund stands."""
        pool, operator = _pool(request.pool, "pool"), name_in(request.operator)
        source = text_of(request.source, field="source", needed=True)
        stands = Reserve(
            fen_of(request.reserve_fen, field="reserve_fen"),
            fen_of(request.month_spend_fen, field="month_spend_fen", least=1),
            fen_of(request.surplus_fen, field="surplus_fen", least=-FEN_MAX),
        )
        async with self._opened() as session, trying(session, request.dry_run):
            await advance_book.note_reserve(
                session.connection, pool, request.book, stands, as_of=_day_or_today(request.day, session),
                source=source, operator=operator, scheme=load_scheme(),
            )  # fmt: skip
        needed = load_advance_rules().months_needed(request.book)
        return pb.NoteReserveResponse(
            months_tenths=stands.months_tenths, months_needed=needed, allows=stands.allows(needed)
        )

    async def apply_for_advance(self, request: pb.ApplyForAdvanceRequest) -> pb.ApplyForAdvanceResponse:
        """An institution's application."""
        amount_fen, operator = fen_of(request.amount_fen), name_in(request.operator)
        whom = Whom(
            _institution(request.fixmedins_code), _pool(request.book_pool, "book_pool"), request.insutype
        )
        async with self._opened() as session, trying(session, request.dry_run):
            number, made = await advance_book.apply_for(
                session.connection, whom, amount_fen or None, operator=operator, today=session.today,
                rules=load_advance_rules(), scheme=load_scheme(),
            )  # fmt: skip
            item = await proposed_item(session, number, dry_run=request.dry_run and made)
            in_time = (await found(session.connection, number)).detail["in_time"]
        return pb.ApplyForAdvanceResponse(proposal=item, made=made, in_time=in_time)

    async def pay_advance(self, request: pb.PayAdvanceRequest) -> pb.PayAdvanceResponse:
        """Book a payment."""
        await self._moved(request, advance_book.pay)
        return pb.PayAdvanceResponse()

    # ------------------------------------------------------------------------------------------ deductions

    async def propose_deductions(self, request: pb.ProposeDeductionsRequest) -> pb.ProposeDeductionsResponse:
        """Take a file of audit results."""
        name, operator = text_of(request.name, field="name", needed=True), name_in(request.operator)
        results = read_audit(request.content)
        async with self._opened() as session, trying(session, request.dry_run):
            number, made = await audit_book.propose_audit(
                session.connection, request.content, results, load_scheme(), name=name, operator=operator
            )
            item = await proposed_item(session, number, dry_run=request.dry_run and made)
        return pb.ProposeDeductionsResponse(proposal=item, made=made, results=len(results))

    async def list_deductions(self, request: pb.ListDeductionsRequest) -> pb.ListDeductionsResponse:
        """What was taken, and how it stands."""
        institution = _institution(request.fixmedins_code) if request.fixmedins_code else ""
        month = month_of(request.month).text if request.month else ""
        async with self._opened() as session:
            results = await audit_book.listed(
                session.connection, proposal=request.proposal, institution=institution, month=month
            )
        return pb.ListDeductionsResponse(deductions=map(_deduction, results))


def _payouts(lines: Iterable[PayoutLine | MonthShare]) -> list[pb.PayoutLineItem]:
    return [pb.PayoutLineItem(**one._asdict()) for one in lines]


def _deduction(one: Kept) -> pb.DeductionItem:
    told: dict[str, Any] = one.as_json()
    month = f"{one.month[:4]}-{one.month[4:]}" if one.month else ""
    return pb.DeductionItem(**(told | {"month": month}))


def _day_or_today(text: str, session: Session) -> date:
    return day_of(text) if text else session.today


def _pool(number: int, field: str) -> int:
    if not POOL_MIN <= number <= POOL_MAX:
        raise Malformed(f"{field}: {number} is no pool; six digits are needed.")
    return number


def _institution(code: str) -> str:
    return text_of(code, field="fixmedins_code", needed=True)
