"""A whole day planted into both books past their triggers, with differences of every class of clearing among it.

Method: one formula in SQL says what settlement number i is; both books are filled by it in sets, the care book with other
words where a difference is planted. So no row travels, and who is planted is known by asking the formula again. What a
difference looks like is said here and not by clearing, so the benchmark does not look with clearing's own eyes.

Amounts are made-up fen that add up as the books demand. Assumptions: an institution's and a pool's share of the bills
falls off as in a country with some very large hospitals; 97 in 100 settlements are paid, 2 refunds, 1 declined.
"""

import base64
import secrets
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

import asyncpg

MISSING_AT_HOME: Final = "missing_at_home"
MISSING_AT_CARE: Final = "missing_at_care"
AMOUNT: Final = "amount"
STATUS: Final = "status"
DATE_SHIFT: Final = "date_shift"
DUPLICATE: Final = "duplicate"
REFUND_SIGN: Final = "refund_sign"
CLASSES: Final = (MISSING_AT_HOME, MISSING_AT_CARE, AMOUNT, STATUS, DATE_SHIFT, DUPLICATE, REFUND_SIGN)
"""In turn, one every so many settlements."""
PARTITION: Final = 99
"""Of no worker: the live ones count their own numbers."""
PER_10000_MAX: Final = 1_000
STUCK: Final = "stuck"
"""policy_version of what the care book refuses to book: no hash reads that column."""
CHINA: Final = timedelta(hours=8)


class Day(NamedTuple):
    """What is planted. The day before holds what was shifted and what stands twice."""

    day: date
    settlements: int
    node: int
    region: str
    care_pools: tuple[int, ...]
    home_pools: int = 60
    institutions: int = 2_000
    per_10000: int = 10
    """Planted differences in 10,000 settlements, of all classes together."""

    @property
    def before(self) -> date:
        """The day before."""
        return self.day - timedelta(days=1)


_FORMULA: Final = """
SELECT *, total - total / 25 - total / 20 AS in_scope FROM (SELECT i, id, h, kind_of,
    CASE WHEN kind_of IS NOT NULL OR r4 % 100 < 97 THEN 1 WHEN r4 % 100 < 99 THEN -1 ELSE 0 END AS s,
    {opened_ms} + i::bigint * 7919 % 36000000 AS ms,
    {node} * 10000 + 100 + 100 * floor({home_pools} * power(r2 / 4294967296e0, 2))::int AS home_pool,
    floor({institutions} * power(r1 / 4294967296e0, 3))::int AS place,
    CASE WHEN r3 % 100 < 60 THEN '310' ELSE '390' END AS insutype,
    CASE WHEN r3 / 100 % 100 < 75 THEN '11' ELSE '21' END AS clr_type,
    2000 + r4 / 100 % 300000 AS total, r1, r2, r3, r4
  FROM (SELECT i, substring(int8send({opened_ms} + i) FROM 3) || substring(h FROM 7) AS id, h,
      CASE WHEN i % {every} = 0 THEN ({classes}::text[])[i / {every} % {classes_count} + 1] END AS kind_of,
      get_byte(h, 0) * 16777216::bigint + get_byte(h, 1) * 65536 + get_byte(h, 2) * 256 + get_byte(h, 3) AS r1,
      get_byte(h, 4) * 16777216::bigint + get_byte(h, 5) * 65536 + get_byte(h, 6) * 256 + get_byte(h, 7) AS r2,
      get_byte(h, 8) * 16777216::bigint + get_byte(h, 9) * 65536 + get_byte(h, 10) * 256 + get_byte(h, 11) AS r3,
      get_byte(h, 12) * 16777216::bigint + get_byte(h, 13) * 65536 + get_byte(h, 14) * 256 + get_byte(h, 15) AS r4
    FROM (SELECT i, decode(md5('{seed}/' || i), 'hex') AS h FROM generate_series(1, {settlements}) i OFFSET 0) hashed
    OFFSET 0) rolled OFFSET 0) formula
"""
# OFFSET 0: else PostgreSQL would put each formula in the place of each use of its name, and reckon for minutes
_COLUMNS: Final = """node, partition, term, number, day, id, kind, status, code, digest, decided_ms, region,
  fixmedins_code, home_pool, care_pool, psn_no, insutype, med_type, clr_type, route, visit, bill, undoes, settlement,
  seals, year, sign, fund_includes_account, asked_fen, total_fen, full_self_fen, over_limit_fen, first_pay_fen,
  in_scope_fen, deductible_fen, pooled_fen, big_illness_fen, large_fen, civil_fen, enterprise_fen, disabled_fen, aid_fen,
  commercial_fen, other_fen, account_fen, family_fen, cash_fen, hospital_fen, fund_sum_fen, commercial_payer, deltas,
  month, month_in_scope_fen, month_pooled_fen, line_keys, policy_version, answer"""
# the answer is an Outcome as any reader of the contract takes it: one unknown field of 320 bytes
_ROWS: Final = """
SELECT {node}, {partition}, 1, i, day, id, CASE WHEN s < 0 THEN 2 ELSE 1 END,
  CASE s WHEN 1 THEN 1 WHEN -1 THEN 5 ELSE 2 END, CASE s WHEN 0 THEN 'NOT_INSURED' ELSE '' END, sha256(id), ms,
  '{region}', 'H' || care_pool || lpad(place::text, 5, '0'), home_pool, care_pool,
  'P' || encode(substring(h FROM 1 FOR 6), 'hex'), insutype, clr_type, clr_type,
  CASE WHEN home_pool = care_pool THEN 1 ELSE 2 END, h, h,
  CASE WHEN s < 0 THEN substring(sha256(h) FROM 1 FOR 16) END, CASE WHEN s <> 0 THEN id END, false,
  extract(year FROM day)::smallint, s, false, abs(total), s * total, s * (total / 25), 0, s * (total / 20), s * in_scope,
  s * (in_scope / 10), s * pooled, 0, s * large, s * civil, 0, 0, s * aid, 0, 0, s * account, 0,
  s * (total - pooled - large - civil - aid - account), 0, s * (pooled + large + civil + aid), '',
  CASE WHEN s <> 0 THEN ARRAY[0, 0, 0, pooled, pooled, 0, 0, in_scope, 0, 0, 0, 0, 0, 0, 0, 0, 0]::bigint[] END, 0, 0, 0,
  ARRAY[r1, r2, r3, r4, r1 + 1, r2 + 1, r3 + 1, r4 + 1],
  CASE kind_of WHEN '{missing_at_care}' THEN '{stuck}' ELSE '1' END,
  decode('827dc002', 'hex') || decode(repeat(md5(i::text), 20), 'hex')
FROM (SELECT *, ({care_pools}::int[])[place % {care_pools_count} + 1] AS care_pool,
    in_scope * 6 / 10 - less AS pooled,
    CASE insutype WHEN '310' THEN in_scope / 20 ELSE 0 END AS large,
    CASE WHEN insutype = '310' AND r1 % 10 = 0 THEN in_scope / 50 ELSE 0 END AS civil,
    CASE WHEN insutype = '390' AND r1 % 10 = 0 THEN in_scope / 40 ELSE 0 END AS aid,
    CASE insutype WHEN '310' THEN total / 20 ELSE 0 END AS account
  FROM ({told} OFFSET 0) told OFFSET 0) complete
"""
_AT_HOME: Final = """
SELECT i, id, h, kind_of, s, ms, home_pool, place, insutype, clr_type, total, in_scope, r1, r2, r3, r4, 0 AS less,
  CASE kind_of WHEN 'duplicate' THEN {before} ELSE {day} END AS day
FROM ({formula}) f WHERE kind_of IS DISTINCT FROM 'missing_at_home'
"""
_AT_CARE: Final = """
SELECT i, id, h, kind_of, CASE kind_of WHEN 'refund_sign' THEN -s ELSE s END AS s, ms, home_pool,
  CASE kind_of WHEN 'status' THEN (place + {care_pools_count}) % {institutions} ELSE place END AS place,
  insutype, clr_type, total, in_scope, r1, r2, r3, r4, CASE kind_of WHEN 'amount' THEN 5 ELSE 0 END AS less, at AS day
FROM ({formula}) f CROSS JOIN LATERAL unnest(CASE kind_of WHEN 'duplicate' THEN ARRAY[{before}, {day}]
  WHEN 'date_shift' THEN ARRAY[{before}] WHEN 'missing_at_care' THEN '{{}}' ELSE ARRAY[{day}] END) at
"""
_HOME_CLAIM: Final = (
    "INSERT INTO claim (id, partition, number, day) SELECT id, {partition}, i, day FROM ({told}) told"
)
_CARE_CLAIM: Final = """
INSERT INTO claim (id, digest, day, kind, node, partition, psn_no, visit) SELECT DISTINCT ON (id) id, sha256(id), {day},
  CASE WHEN s < 0 THEN 2 ELSE 1 END, {node}, {partition}, 'P' || encode(substring(h FROM 1 FOR 6), 'hex'), h
FROM ({told}) told
"""


class Planter:
    """Plants one day; the same seed plants the same."""

    def __init__(self, what: Day, *, seed: str = "") -> None:
        self._what = what
        opened = datetime.combine(what.day, datetime.min.time(), UTC)
        named: dict[str, Any] = {
            "opened_ms": int(opened.timestamp()) * 1000,  # 08:00 in China; the last decision falls ten hours later
            "day": f"date '{what.day}'", "before": f"date '{what.before}'", "node": what.node, "region": what.region,
            "partition": PARTITION, "seed": seed or secrets.token_hex(8), "settlements": what.settlements,
            "every": 10_000 // what.per_10000, "classes": _array(CLASSES), "classes_count": len(CLASSES),
            "home_pools": what.home_pools, "institutions": what.institutions, "missing_at_care": MISSING_AT_CARE,
            "stuck": STUCK, "care_pools": _array(what.care_pools), "care_pools_count": len(what.care_pools),
        }  # fmt: skip
        named["formula"] = _FORMULA.format(**named)
        self._named = named

    async def at_home(self, dsn: str) -> None:
        """Fill the home book."""
        told = _AT_HOME.format(**self._named)
        await self._fill(dsn, "decision", told, _HOME_CLAIM)

    async def at_care(self, dsn: str) -> None:
        """Fill the care book, which will refuse to book what is to be missing there."""
        told = _AT_CARE.format(**self._named)
        await self._fill(dsn, "care", told, _CARE_CLAIM)
        leaf = _leaf("care", self._what.day)
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(
                f"ALTER TABLE {leaf} ADD CONSTRAINT {leaf}_stuck CHECK (policy_version <> '{STUCK}')"
            )
        finally:
            await connection.close()

    async def planted(self, dsn: str) -> dict[str, str]:
        """setl_id -> class of what was planted; any database does, for the formula is asked."""
        connection = await asyncpg.connect(dsn)
        try:
            rows = await connection.fetch(
                f"SELECT id, kind_of FROM ({self._named['formula']}) f WHERE kind_of IS NOT NULL"
            )
        finally:
            await connection.close()
        return {setl_id(row[0]): row[1] for row in rows}

    async def _fill(self, dsn: str, table: str, told: str, claim: str) -> None:
        connection = await asyncpg.connect(dsn)
        rows = _ROWS.format(told=told, **self._named)
        leaves = [_leaf(table, day) for day in (self._what.before, self._what.day)]
        try:
            async with connection.transaction():
                for day in (self._what.before, self._what.day):
                    await connection.execute(f"SELECT make_leaf('{table}', '{day}', '{table}_written')")
                for leaf in leaves:
                    await connection.execute(f"ALTER TABLE {leaf} DISABLE TRIGGER written")
                await connection.execute(f"INSERT INTO {table} ({_COLUMNS}) {rows}")
                await connection.execute(claim.format(told=told, **self._named))
                for leaf in leaves:
                    await connection.execute(f"ALTER TABLE {leaf} ENABLE ALWAYS TRIGGER written")
            for name in (*leaves, "claim"):
                await connection.execute(f"VACUUM (ANALYZE) {name}")
        finally:
            await connection.close()


def setl_id(identifier: bytes) -> str:
    """The id as it is told: base32 (RFC 4648) without padding."""
    return base64.b32encode(identifier).decode().rstrip("=")


def id_bytes(text: str) -> bytes:
    """The id behind a setl_id."""
    return base64.b32decode(text + "======")


def _leaf(table: str, day: date) -> str:
    return f"{table}_{day:%Y%m%d}"


def _array(values: tuple[Any, ...]) -> str:
    return f"'{{{','.join(map(str, values))}}}'"
