"""A first settlement, as a HIS would make it: read the person, open a visit, try, settle, ask again, take it back.

Needs a running stack (`make up`); run it with `.venv/bin/python examples/first_settlement.py`. It needs nothing of
this project but the contract in proto/.
"""

import argparse
import json
import secrets
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import grpc

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from proto.settlement.v1 import settlement_pb2 as pb
from proto.settlement.v1.envelope_pb2 import Envelope
from proto.settlement.v1.settlement_pb2_grpc import SettlementServiceStub

HOSPITAL = "H44030490001"  # in Shenzhen; care pool 440300
PERSON, HOME_POOL = "44010000000001", "440100"  # insured in Guangzhou
TIMEOUT_S = 10.0


def envelope(infno: str) -> Envelope:
    """A fresh message: its msgid is the institution, the time and four characters."""
    now = datetime.now(timezone(timedelta(hours=8)))
    return Envelope(
        infno=infno,
        msgid=f"{HOSPITAL}{now:%Y%m%d%H%M%S}{secrets.token_hex(2)}",
        mdtrtarea_admvs="440300",
        insuplc_admdvs=HOME_POOL,
        fixmedins_code=HOSPITAL,
        opter_type="1",
        opter="registration desk",
        inf_time=f"{now:%Y-%m-%d %H:%M:%S}",
    )


def yuan(fen: int) -> str:
    """For reading only: inside, money is whole fen."""
    return f"{fen // 100:,}.{fen % 100:02}"


def bill(mdtrt_id: str) -> pb.SettleInput:
    """A consultation, a blood count and a pack of tablets, which carries a traceability code (追溯码)."""
    given = pb.SettleInput(psn_no=PERSON, mdtrt_id=mdtrt_id, med_type="11", insutype="310", chrg_bchno="1")
    given.acct_used_flag = "1"
    today = f"{datetime.now(timezone(timedelta(hours=8))):%Y-%m-%d %H:%M:%S}"
    pack = f"81{secrets.randbelow(10**18):018}"
    bought = (
        ("001102000010000", 5_000, ()),
        ("002501010150000", 2_000, ()),
        ("XC08CAA321A0", 1_500, (pack,)),
    )
    for number, (item, fen, codes) in enumerate(bought, start=1):
        given.feedetl.add(
            feedetl_sn=str(number), med_list_codg=item, det_item_fee_sumamt=fen, cnt=10_000,
            pric=fen * 10_000, fee_ocur_time=today, drug_trac_codg=codes,
        )  # fmt: skip
    given.medfee_sumamt = sum(line.det_item_fee_sumamt for line in given.feedetl)
    return given


def main() -> None:
    """One patient, one bill."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--endpoints", type=Path, default=Path(".run/endpoints.json"))
    address = json.loads(options.parse_args().endpoints.read_text())["gateway"][0]
    with grpc.insecure_channel(address) as channel:
        his = SettlementServiceStub(channel)
        person = his.GetInsured(
            pb.GetInsuredRequest(envelope=envelope("1101"), psn_no=PERSON), timeout=TIMEOUT_S
        )
        print("1101 the person is insured under", ", ".join(one.insutype for one in person.insuinfo))

        opening = pb.VisitInput(psn_no=PERSON, insutype="310", med_type="11", ipt_otp_no=secrets.token_hex(6))
        opened = his.OpenVisit(
            pb.OpenVisitRequest(envelope=envelope("2201"), input=opening), timeout=TIMEOUT_S
        )
        mdtrt_id = opened.outcome.mdtrt_id
        print("2201 visit", mdtrt_id)

        trial = his.PreSettle(
            pb.PreSettleRequest(envelope=envelope("2206"), input=bill(mdtrt_id)), timeout=TIMEOUT_S
        )
        print("2206 the fund would pay", yuan(trial.outcome.setlinfo.fund_pay_sumamt))

        message = pb.SettleRequest(envelope=envelope("2207"), input=bill(mdtrt_id))
        settled = his.Settle(message, timeout=TIMEOUT_S)
        sheet = settled.outcome.setlinfo
        print("2207", pb.OutcomeStatus.Name(settled.outcome.status), settled.outcome.setl_id)
        print(
            "     bill", yuan(sheet.medfee_sumamt), "= pooled fund", yuan(sheet.hifp_pay),
            "+ account", yuan(sheet.acct_pay), "+ cash", yuan(sheet.psn_cash_pay),
        )  # fmt: skip

        again = his.Settle(message, timeout=TIMEOUT_S)
        same = again.outcome.SerializeToString() == settled.outcome.SerializeToString()
        print("2207 the same message again: the same bytes" if same else "2207 again DIFFERS")

        refund = pb.CancelInput(setl_id=settled.outcome.setl_id, mdtrt_id=mdtrt_id, psn_no=PERSON)
        cancelled = his.Cancel(pb.CancelRequest(envelope=envelope("2208"), input=refund), timeout=TIMEOUT_S)
        print("2208", pb.OutcomeStatus.Name(cancelled.outcome.status), "undoes", cancelled.outcome.undoes)


if __name__ == "__main__":
    main()
