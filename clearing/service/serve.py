"""The parts list of the clearing process: what operators and institutions call, until a signal."""

from functools import partial
from typing import Final

from clearing import session
from clearing.service import (
    clearing_service,
    funding_service,
    month_service,
    payment_service,
    proposal_service,
    statement_service,
)
from clearing.service.clearing_service import ClearingService
from clearing.service.funding_desk import FundingDesk
from clearing.service.funding_service import FundingService
from clearing.service.month_desk import MonthDesk
from clearing.service.month_service import MonthService
from clearing.service.operator_desk import OperatorDesk
from clearing.service.payment_desk import PaymentDesk
from clearing.service.payment_service import PaymentService
from clearing.service.proposal_desk import ProposalDesk
from clearing.service.proposal_service import ProposalService
from clearing.service.statement_service import StatementService
from clearing.service.wallet_desk import WalletDesk
from clearing.session import Opened
from clearing.settings import ClearingSettings
from proto.settlement.v1 import (
    clearing_pb2_grpc,
    funding_pb2_grpc,
    month_pb2_grpc,
    payment_pb2_grpc,
    proposal_pb2_grpc,
    statement_pb2_grpc,
)
from runtime import metrics
from runtime.serve import AddService, grpc_server, run_until_signalled
from runtime.unreadable import add_service

LISTEN_DEFAULT: Final = "127.0.0.1:0"


def services_of(opened: Opened) -> dict[str, AddService]:
    """Every service of this process by its name; each call opens a session of its own."""
    return {
        clearing_service.NAME: partial(
            add_service, clearing_pb2_grpc.add_ClearingServiceServicer_to_server,
            ClearingService(operators=OperatorDesk(opened), wallets=WalletDesk(opened)),
        ),
        statement_service.NAME: partial(
            add_service, statement_pb2_grpc.add_StatementServiceServicer_to_server, StatementService(opened)
        ),
        payment_service.NAME: partial(
            add_service, payment_pb2_grpc.add_PaymentServiceServicer_to_server, PaymentService(PaymentDesk(opened))
        ),
        proposal_service.NAME: partial(
            add_service, proposal_pb2_grpc.add_ProposalServiceServicer_to_server,
            ProposalService(ProposalDesk(opened)),
        ),
        funding_service.NAME: partial(
            add_service, funding_pb2_grpc.add_FundingServiceServicer_to_server, FundingService(FundingDesk(opened))
        ),
        month_service.NAME: partial(
            add_service, month_pb2_grpc.add_MonthServiceServicer_to_server, MonthService(MonthDesk(opened))
        ),
    }  # fmt: skip


async def serve(settings: ClearingSettings) -> int:
    """Serve until a signal; gives the exit code. Raises what opening the database raises."""
    async with session.opened():
        pass  # a wrong setting, or a database that is not there, is told at the start
    services = services_of(partial(session.opened, up_to_date=True))
    with metrics.exposed(metrics.new_registry(), port=settings.metrics_port, host=settings.metrics_host):
        async with grpc_server(listen=settings.listen or LISTEN_DEFAULT, services=services) as server:
            return await run_until_signalled(
                tasks={}, server=server, grace_s=settings.grace_s, state_dir=settings.state_dir
            )
