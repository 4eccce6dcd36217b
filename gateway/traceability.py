"""Drug traceability codes (药品追溯码, drug_trac_codg): which lines need one, and what is wrong with those that came.

Which lines need one is dated data (data/traceability.toml). A code has 20 digits and stands for one pack, so it comes
once among the lines of which something is left after their returns. Method: a pool's catalogue knows beforehand which of
its items any rule speaks of, so that a line of another item costs one look into a dictionary. Pure but for the reading.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from gateway.errors import CatalogueError
from gateway.refusals import Refused, Violation, invalid, refuse
from gateway.slices import SLICE_LINES, Sliced, at_once
from gateway.tables import DATA_FOLDER

CODE_DIGITS: Final = 20
LINE_CODES_MAX: Final = 1_000
"""One a pack: no line has as many (assumption)."""
RULES_FILE: Final = "traceability.toml"
HOSPITAL: Final = "hospital"
PHARMACY: Final = "pharmacy"
_FIRST: Final = "0000-00-00"
_LAST: Final = "9999-99-99"
_FILTERS: Final = {
    "institutions": frozenset({HOSPITAL, PHARMACY}),
    "list_type": frozenset({"drug", "service", "consumable"}),
    "chrgitm_lv": frozenset({"01", "02", "03"}),
}
_TEXTS: Final = frozenset({*_FILTERS, "code_begins", "care_pools"})


class Traced(NamedTuple):
    """A line of an item that rules speak of."""

    field: str
    """Where it stands in the message: begins a violation's path."""
    feedetl_sn: str
    med_list_codg: str
    chrgitm_lv: str
    day: str
    """yyyy-MM-dd, perhaps with a time behind it."""
    left: int
    """What is left after its returns, 1/10,000; of a return 0."""
    codes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """What lines a paragraph of the file speaks of; an empty filter lets all through."""

    first: str
    last: str
    institutions: frozenset[str]
    list_types: frozenset[str]
    classes: frozenset[str]
    code_begins: tuple[str, ...]
    care_pools: frozenset[int]

    def concerns(self, pool: int, med_list_codg: str, list_type: str) -> bool:
        """Whether it speaks of an item of a care pool at all."""
        return (
            (not self.care_pools or pool in self.care_pools)
            and (not self.list_types or list_type in self.list_types)
            and (not self.code_begins or med_list_codg.startswith(self.code_begins))
        )

    def fits(self, chrgitm_lv: str, day: str, institution: str) -> bool:
        """Whether it speaks of such a line of that item."""
        return (
            self.first <= day[:10] <= self.last
            and (not self.institutions or institution in self.institutions)
            and (not self.classes or chrgitm_lv in self.classes)
        )


@dataclass(frozen=True, slots=True)
class TraceRules:
    """The file."""

    needed: tuple[Rule, ...] = ()
    exempt: tuple[Rule, ...] = ()

    @classmethod
    def load(cls, path: Path | None = None) -> "TraceRules":
        """Reads the file (default: the one shipped). Raises CatalogueError with a sentence that names the fault."""
        path = path or DATA_FOLDER / RULES_FILE
        try:
            read = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise CatalogueError(f"{path.name} cannot be read: {error.strerror} ({path})") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise CatalogueError(f"{path.name}: {error}") from None
        if unknown := set(read) - {"needed", "exempt"}:
            raise CatalogueError(f"{path.name}: {min(unknown)} is unknown, expected needed and exempt")
        return cls(
            *[
                tuple(
                    _read_rule(one, f"{path.name}, {kind} {number}")
                    for number, one in enumerate(read.get(kind, ()), start=1)
                )
                for kind in ("needed", "exempt")
            ]
        )

    def of_items(self, pool: int, list_types: Mapping[str, str]) -> "PoolTraces":
        """What concerns the items of one care pool; `list_types` by med_list_codg."""
        items = {
            code: (
                tuple(rule for rule in self.needed if rule.concerns(pool, code, list_type)),
                tuple(rule for rule in self.exempt if rule.concerns(pool, code, list_type)),
            )
            for code, list_type in list_types.items()
        }
        return PoolTraces({code: rules for code, rules in items.items() if rules[0]})


@dataclass(frozen=True, slots=True)
class PoolTraces:
    """What concerns the items of one care pool."""

    items: Mapping[str, tuple[tuple[Rule, ...], tuple[Rule, ...]]]
    """med_list_codg → (needed, exempt), of those that some rule needs codes of."""

    def need(self, med_list_codg: str, chrgitm_lv: str, day: str, institution: str) -> bool:
        """Whether a line of an item needs a code."""
        needed, exempt = self.items.get(med_list_codg, ((), ()))
        return any(rule.fits(chrgitm_lv, day, institution) for rule in needed) and not any(
            rule.fits(chrgitm_lv, day, institution) for rule in exempt
        )


NO_TRACES: Final = PoolTraces({})


def trace_refusal(lines: Iterable[Traced], traces: PoolTraces, institution: str) -> Refused | None:
    """Why lines are refused: a code of another shape, one that comes twice, none where one is needed."""
    return at_once(trace_steps(lines, traces, institution))


def trace_steps(lines: Iterable[Traced], traces: PoolTraces, institution: str) -> Sliced[Refused | None]:
    """What `trace_refusal` says, in slices."""
    bad: list[Violation] = []
    bare: list[Violation] = []
    seen: dict[str, str] = {}
    for number, line in enumerate(lines):
        if number % SLICE_LINES == 0:
            yield
        field = f"{line.field}.drug_trac_codg"
        if len(line.codes) > LINE_CODES_MAX:
            bad.append(
                Violation(
                    field, f"line {line.feedetl_sn} has more than {LINE_CODES_MAX:,} traceability codes"
                )
            )
            continue
        for code in line.codes:
            if not is_trace_code(code):
                bad.append(
                    Violation(field, f"line {line.feedetl_sn}: a traceability code has {CODE_DIGITS} digits")
                )
            elif line.left and (other := seen.setdefault(code, line.feedetl_sn)) != line.feedetl_sn:
                bad.append(repeated(field, line.feedetl_sn, f"line {other}"))
        if line.left and len(set(line.codes)) < len(line.codes):
            bad.append(repeated(field, line.feedetl_sn, "it"))
        if (
            line.left
            and not line.codes
            and traces.need(line.med_list_codg, line.chrgitm_lv, line.day, institution)
        ):
            bare.append(Violation(field, f"line {line.feedetl_sn} ({line.med_list_codg}) has none"))
    if bad:
        return invalid(*bad)
    return missing(bare) if bare else None


def plainly_in_order(codes: Sequence[str]) -> bool:
    """Whether these are few, well formed and each there once: most bills need no closer look. None is in order too."""
    digits = "".join(codes)
    return not codes or (
        len(set(codes)) == len(codes) <= LINE_CODES_MAX
        and set(map(len, codes)) == {CODE_DIGITS}
        and digits.isascii()
        and digits.isdigit()
    )


def institution_kind(*, pharmacy: bool) -> str:
    """In the words of the file."""
    return PHARMACY if pharmacy else HOSPITAL


def is_trace_code(code: str) -> bool:
    """Twenty digits."""
    return len(code) == CODE_DIGITS and code.isascii() and code.isdigit()


def repeated(field: str, feedetl_sn: str, other: str) -> Violation:
    """One pack is on two lines, or twice on one."""
    return Violation(field, f"line {feedetl_sn} names a pack that {other} names too: each code comes once")


def missing(bare: Sequence[Violation]) -> Refused:
    """Lines without a code where the fund pays for none without."""
    return refuse(
        "TRACE_CODE_MISSING",
        f"{bare[0].err_msg}: scan the pack and send its code in drug_trac_codg, or leave the line out and let the"
        " person pay for it",
        *bare,
    )


def _read_rule(given: Mapping[str, Any], where: str) -> Rule:
    if unknown := set(given) - _TEXTS - {"from", "to", "source"}:
        raise CatalogueError(f"{where}: {min(unknown)} is unknown")
    if not isinstance(given.get("source"), str):
        raise CatalogueError(f"{where}: source is missing, say where the rule is from")
    first, last = (_read_day(given.get(name), default, f"{where}: {name}") for name, default in _DAYS)
    if last < first:
        raise CatalogueError(f"{where}: to is before from")
    texts = {name: _read_texts(given.get(name, []), f"{where}: {name}") for name in _TEXTS}
    for name, options in _FILTERS.items():
        if wrong := set(texts[name]) - options:
            raise CatalogueError(
                f"{where}: {name} has {min(wrong)!r}, not one of {', '.join(sorted(options))}"
            )
    pools = _numbers(texts["care_pools"], f"{where}: care_pools")
    return Rule(
        first, last, frozenset(texts["institutions"]), frozenset(texts["list_type"]), frozenset(texts["chrgitm_lv"]),
        texts["code_begins"], pools,
    )  # fmt: skip


_DAYS: Final = (("from", _FIRST), ("to", _LAST))


def _read_day(given: object, default: str, where: str) -> str:
    if given is None:
        return default
    if type(given) is not date:
        raise CatalogueError(f"{where} is {given!r}, not a day like 2026-01-31 (without quotation marks)")
    return given.isoformat()


def _read_texts(given: object, where: str) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(one, str) and one for one in given):
        raise CatalogueError(f"{where} is no list of texts")
    return tuple(given)


def _numbers(given: Sequence[str], where: str) -> frozenset[int]:
    if wrong := [text for text in given if not (len(text) == 6 and text.isascii() and text.isdigit())]:
        raise CatalogueError(f"{where} has {wrong[0]!r}, not six digits")
    return frozenset(int(text) for text in given)
