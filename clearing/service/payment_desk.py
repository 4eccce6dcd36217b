"""What operators ask of positions and payments over gRPC, in the contract's messages: the commands' own functions.

Each call has a session of its own with the clearing database.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from clearing.errors import NotFound
from clearing.parties import load_accounts, load_parties
from clearing.payments import instruction_book as book
from clearing.payments.bank_returns import read_returns
from clearing.payments.institution_sets import propose_institutions
from clearing.payments.instructions import Instruction, LeftOut
from clearing.payments.payment_file import checked_parties, payment_file
from clearing.payments.return_book import book_returns
from clearing.positions import explain as behind
from clearing.positions.document_files import documents_of
from clearing.positions.documents import csv_text
from clearing.positions.position_book import PositionReader
from clearing.scheme import WALLET, load_scheme
from clearing.service.fields import batch_of, name_in, period_of, text_of
from clearing.session import Opened, Session, trying
from clearing.wallet.wallet_items import transfers
from clearing.wallet.wallet_run import opened_wallets
from proto.settlement.v1 import payment_pb2 as pb

PART_ITEMS: Final = 500


class PaymentDesk:
    """Answers PaymentService. Raises clearing's faults."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    async def list_positions(self, request: pb.ListPositionsRequest) -> pb.ListPositionsResponse:
        """Matrix, nets and outside payers of a period."""
        period = period_of(request.period)
        async with self._opened() as session:
            reader = PositionReader(
                session.connection, period.first, period.last, batch=batch_of(request.batch)
            )
            runs = await reader.runs()
            if not runs:
                raise NotFound(f"Nothing of {period.text} was run.")
            of = {name: text_of(getattr(request, name), field=name) for name in ("insutype", "fund")}
            answer = pb.ListPositionsResponse(
                runs=[pb.RunName(day=day.isoformat(), batch=batch) for day, batch in runs]
            )
            for cell in await reader.gross(**of):
                name = f"{period.text}/{cell.insutype}/{cell.fund}/{cell.debtor}/{cell.creditor}"
                answer.gross.add(position=name, **cell._asdict())
            for row in await reader.net(**of):
                answer.net.add(**row._asdict())
            for paid in await reader.payments():
                answer.payments.add(**(paid._asdict() | {"day": paid.day.isoformat()}))
            for one in await reader.outside(**of):
                name = f"{period.text}/{one.insutype}/{one.fund}/{one.party}/{one.creditor}"
                answer.outside.add(position=name, **one._asdict())
            return answer

    async def explain(
        self, request: pb.ExplainPositionRequest
    ) -> AsyncGenerator[pb.ExplainPositionResponse, None]:
        """The figure and its shares, then the settlements."""
        of = behind.position_id(request.position)
        institution = text_of(request.fixmedins_code, field="fixmedins_code")
        async with self._opened() as session:
            found = await behind.explain(session.connection, of, institution=institution)
            shares = [one._asdict() | {"day": one.day.isoformat()} for one in found.shares]
            paid = [one._asdict() | {"day": one.day.isoformat()} for one in found.payments]
            yield pb.ExplainPositionResponse(
                amount_fen=found.amount_fen,
                shares=[pb.PositionShare(**one) for one in shares],
                payments=[pb.RunPayment(**one) for one in paid],
            )
            if not request.items:
                return
            part = pb.ExplainPositionResponse()
            async for one in _behind(session, found, institution=institution):
                part.items.add(**(one._asdict() | {"day": one.day.isoformat()}))
                if len(part.items) == PART_ITEMS:
                    yield part
                    part = pb.ExplainPositionResponse()
            if part.items:
                yield part

    async def statements(
        self, request: pb.GetStatementsRequest
    ) -> AsyncGenerator[pb.GetStatementsResponse, None]:
        """The documents of a period."""
        period, wanted = period_of(request.period), frozenset(request.parties)
        async with self._opened() as session:
            batch = batch_of(request.batch)
            if not await PositionReader(session.connection, period.first, period.last, batch=batch).runs():
                raise NotFound(f"Nothing of {period.text} was run.")
            made = documents_of(session.connection, period, load_scheme(), load_parties(), batch=batch)
            async with aclosing(made) as found:
                async for documents in found:
                    for one in documents:
                        if not wanted or one.code in wanted:
                            yield pb.GetStatementsResponse(
                                kind=one.kind, code=one.code, name=one.name, book=one.book, csv=csv_text(one)
                            )

    async def propose(self, request: pb.ProposeInstructionsRequest) -> pb.ProposeInstructionsResponse:
        """Make what no instruction pays yet."""
        period, operator, institutions = (
            period_of(request.period), name_in(request.operator), request.institutions
        )  # fmt: skip
        scheme, accounts = load_scheme(), load_accounts(institutions=institutions)
        left_out: list[LeftOut] = []
        async with self._opened() as session, trying(session, request.dry_run):
            connection = session.connection
            if institutions:
                made, left_out = await propose_institutions(
                    connection, period, scheme, accounts, operator=operator
                )
            else:
                made = (await book.propose(connection, period, scheme, accounts, operator=operator)).made
            found = await book.listed(connection, period, institutions=institutions)
        return pb.ProposeInstructionsResponse(
            instructions=map(_instruction, found), made=sum(made.values()),
            left_out=[pb.LeftOutItem(**one._asdict()) for one in left_out],
        )  # fmt: skip

    async def list_instructions(self, request: pb.ListInstructionsRequest) -> pb.ListInstructionsResponse:
        """How instructions stand."""
        period = period_of(request.period) if request.period else None
        state = text_of(request.state, field="state")
        async with self._opened() as session:
            found = await book.listed(session.connection, period, state=state)
        return pb.ListInstructionsResponse(instructions=map(_instruction, found))

    async def check(self, request: pb.CheckInstructionsRequest) -> pb.CheckInstructionsResponse:
        """The second person's word."""
        period, operator = period_of(request.period), name_in(request.operator)
        reason = text_of(request.reason, field="reason")
        async with self._opened() as session, trying(session, request.dry_run):
            found = await book.check(
                session.connection, period, operator=operator, refuse=request.refuse, reason=reason,
                institutions=request.institutions,
            )  # fmt: skip
        return pb.CheckInstructionsResponse(
            instructions=len(found), amount_fen=sum(one.amount_fen for one in found)
        )

    async def reopen(self, request: pb.ReopenInstructionsRequest) -> pb.ReopenInstructionsResponse:
        """Propose anew what was refused."""
        period, operator = period_of(request.period), name_in(request.operator)
        async with self._opened() as session, trying(session, request.dry_run):
            made = await book.reopen_refused(
                session.connection, period, operator=operator, institutions=request.institutions
            )
        return pb.ReopenInstructionsResponse(instructions=made)

    async def file(self, request: pb.FileInstructionsRequest) -> pb.FileInstructionsResponse:
        """Payment files of a period, a new one of what is approved among them."""
        period, operator = period_of(request.period), name_in(request.operator)
        scheme, institutions = load_scheme(), request.institutions
        accounts = load_accounts(institutions=institutions)
        async with self._opened() as session:
            connection = session.connection
            checked_parties(await book.listed(connection, period, institutions=institutions), accounts)
            await book.file_approved(connection, period, operator=operator, institutions=institutions)
            files = await book.files(connection, period, institutions=institutions)
        answer = pb.FileInstructionsResponse()
        for one in files:
            answer.files.add(
                msg_id=one.msg_id, instructions=len(one.instructions), amount_fen=one.amount_fen,
                content=payment_file(one, parties=accounts, scheme=scheme),
            )  # fmt: skip
        return answer

    async def take_returns(self, request: pb.TakeBankReturnsRequest) -> pb.TakeBankReturnsResponse:
        """What the bank said."""
        operator = name_in(request.operator)
        name = text_of(request.name, field="name", needed=True)
        words = read_returns(request.content)
        async with self._opened() as session, trying(session, request.dry_run):
            booked = await book_returns(
                session.connection, request.content, words, name=name, operator=operator
            )
        return pb.TakeBankReturnsResponse(**booked._asdict())


async def _behind(
    session: Session, found: behind.Explained, *, institution: str
) -> AsyncGenerator[behind.Item, None]:
    """The settlements behind a figure; the transfers behind one of the wallet."""
    if found.of.fund != WALLET:
        async for one in behind.items(session.connection, found, session.books, institution=institution):
            yield one
        return
    async with opened_wallets(session.settings.books_at()) as wallets:
        async for one in transfers(session.connection, found, wallets):
            yield one


def _instruction(one: Instruction) -> pb.InstructionItem:
    return pb.InstructionItem(**{name: value for name, value in one._asdict().items() if value is not None})
