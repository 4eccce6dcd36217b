"""Proof that a policy file answers everything that may be asked of it; each fault is a sentence with file and key.

Method: the file is read by the code that a node reads it with; then every kind of bill of every kind of person in every
place is asked for its rule, by the engine's own `make_rule`. What comes back as a refusal that nobody wrote down is a
fault, and so are a row that can never apply, bands that leave money out, a figure without a source, and days on which a
pool's insurance has no policy or two. What holds by default only, because no [[offsite]] row speaks of it, is a note.
"""

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from homepool.benefits.facts import FILINGS, LOCAL
from homepool.benefits.rule import CHRONIC_CARE, Policy, RuleKey
from homepool.errors import PolicyInvalid
from homepool.policy.checks import PSN_HEADS
from homepool.policy.dates import prove_dates
from homepool.policy.files import read_policy
from homepool.policy.form import MED_TYPES, ROUTES, parse_terms
from homepool.policy.rules import Terms
from homepool.policy.sources import unsourced, unused_sources
from homepool.policy.table import Table

EXPECTED: Final = {"310": MED_TYPES, "390": MED_TYPES, "510": ("51", "52")}
"""The medical types that each insurance must answer: pay, or name in `not_covered`."""
PLACES: Final = (
    (LOCAL, "local"),
    *((filing, "within") for filing in FILINGS),
    *((filing, "across") for filing in FILINGS),
)
"""(filing, route): home, and every way to be treated elsewhere."""
FAULTS_OF_A_KIND_MAX: Final = 6
_PHARMACY: Final = "41"
_UNWRITTEN: Final = ("NO_TERMS", "MED_TYPE_NOT_COVERED")
_AGES_MOST: Final = 120


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to mend, or to know."""

    file: str
    key: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is known of one file."""

    file: str
    policy: Policy | None
    answered: int  # kinds of bill that were asked for
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]


def prove(place: Path, *, since: str = "") -> tuple[list[Proof], list[Fault], list[Fault]]:
    """The proofs of a file or of all files of a folder, then faults and notes of their days together.

    `since` (yyyy-MM-dd): every pool and insurance must be answered from that day on. Raises PolicyInvalid where there
    is nothing to prove.
    """
    if not place.exists():
        raise PolicyInvalid(str(place), "file", "there is no such file or folder")
    if place.is_file():
        return [prove_file(place)], [], []
    proofs = [prove_file(path) for path in sorted(place.glob("*.toml"))]
    if not proofs:
        raise PolicyInvalid(str(place), "folder", "it holds no policy file (*.toml)")
    policies = [proof.policy for proof in proofs if proof.policy is not None]
    faults, notes = prove_dates(policies, since=since)
    folder = place.name
    return proofs, [Fault(folder, *each) for each in faults], [Fault(folder, *each) for each in notes]


def prove_file(path: Path) -> Proof:
    """One file."""
    try:
        policy = read_policy(path)
    except PolicyInvalid as wrong:
        fault = Fault(path.name, wrong.key, wrong.why)
        return Proof(file=path.name, policy=None, answered=0, faults=(fault,), notes=())
    text = path.read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    questions = list(_questions(policy, raw))
    faults = [
        *_unanswered(policy, questions),
        *_dead_rows(policy, raw),
        *_holes(raw, ""),
        *unsourced(text, raw),
    ]
    notes = [*_by_default(policy, raw), *_unfilable(policy, raw), *unused_sources(text, raw)]
    return Proof(
        file=path.name,
        policy=policy,
        answered=len(questions),
        faults=tuple(Fault(path.name, *fault) for fault in faults),
        notes=tuple(Fault(path.name, *note) for note in notes),
    )


# ------------------------------------------------------------------------------------------------ every kind of bill


def levels_of(med_type: str) -> tuple[str, ...]:
    """The hospital levels that give this kind of care."""
    return ("0",) if med_type == _PHARMACY else ("1", "2", "3")


def ages_of(rows: Iterable[Terms]) -> tuple[int, ...]:
    """The ages at which these rows change, and one on each side; (0,) where age makes no difference."""
    rows = list(rows)
    if not any(row.uses_age for row in rows):
        return (0,)
    edges = {0, _AGES_MOST}
    for row in rows:
        edges |= {row.age_from, row.age_to, row.age_from - 1, row.age_to + 1}
    return tuple(sorted(age for age in edges if 0 <= age <= _AGES_MOST))


def _rows(raw: dict[str, Any], name: str, path: str) -> list[Terms]:
    return [parse_terms(Table(path, "", row)) for row in raw.get(name, [])]


def _questions(policy: Policy, raw: dict[str, Any]) -> Iterator[RuleKey]:
    own = [row for offsite in raw.get("offsite", []) for row in _rows(offsite, "terms", "offsite")]
    by_med_type = {
        med_type: _rows(treatment, "terms", "treatment")
        for treatment in raw["treatment"]
        for med_type in treatment["med_types"]
    }
    away = policy.home_while_away  # what a long-term resident elsewhere counts as in his own pool
    places = (*PLACES, (away, "local")) if away else PLACES
    for med_type in EXPECTED[policy.insutype]:
        if med_type in policy.not_covered:
            continue
        rows = [*by_med_type.get(med_type, []), *own]
        diseases = ("", *sorted({code for row in rows for code in row.diseases}))
        matn_types = ("", *sorted({code for row in rows for code in row.matn_types}))
        for level in levels_of(med_type):
            for head in PSN_HEADS[policy.insutype]:
                for filing, route in places:
                    for disease in diseases:
                        for matn_type in matn_types:
                            for age in ages_of(rows):
                                yield (
                                    *(med_type, level, level, head, filing, ROUTES[route]),
                                    *(disease, matn_type, age),
                                )


def _unanswered(policy: Policy, questions: Sequence[RuleKey]) -> Iterator[tuple[str, str]]:
    silent: dict[str, list[str]] = {}
    for key in questions:
        refusal = policy.make_rule(key).refusal
        if refusal == "MED_TYPE_NOT_COVERED":
            silent.setdefault(key[0], [])
        elif refusal in _UNWRITTEN:
            silent.setdefault(key[0], []).append(_in_words(key))
    for med_type, where in silent.items():
        if not where:
            why = "no treatment answers it: add one, or name it in not_covered"
            yield "treatment.med_types", f"medical type {med_type}: {why}"
        for words in where[:FAULTS_OF_A_KIND_MAX]:
            yield "treatment.terms", f"medical type {med_type}: no terms for {words}"
        if len(where) > FAULTS_OF_A_KIND_MAX:
            rest = len(where) - FAULTS_OF_A_KIND_MAX
            yield "treatment.terms", f"medical type {med_type}: nor for {rest} more kinds of bill"


def _in_words(key: RuleKey) -> str:
    _, level, _, head, filing, route, disease, matn_type, age = key
    words = [f"hospital level {level}", f"psn_type {head}"]
    words += [f"disease {disease}"] if disease else []
    words += [f"matn_type {matn_type}"] if matn_type else []
    words += [f"age {age}"] if age else []
    place = {number: name for name, number in ROUTES.items()}[route]
    return ", ".join(words) + ("" if filing == LOCAL else f", {place} filed as {filing}")


# ------------------------------------------------------------------------------------------------ rows and bands


def _dead_rows(policy: Policy, raw: dict[str, Any]) -> Iterator[tuple[str, str]]:
    tables = [(f"treatment[{at}]", one, tuple(one["med_types"])) for at, one in enumerate(raw["treatment"])]
    for at, one in enumerate(raw.get("offsite", [])):
        tables.append((f"offsite[{at}]", one, tuple(one.get("med_types", EXPECTED[policy.insutype]))))
    for path, table, med_types in tables:
        rows = _rows(table, "terms", path)
        levels = {level for med_type in med_types for level in levels_of(med_type)}
        reached = {
            _first(rows, level, head, disease, matn_type, age)
            for level in levels
            for head in PSN_HEADS[policy.insutype]
            for disease in ("", *{code for row in rows for code in row.diseases})
            for matn_type in ("", *{code for row in rows for code in row.matn_types})
            for age in ages_of(rows)
        }
        for at in range(len(rows)):
            if at not in reached:
                yield f"{path}.terms[{at}]", "never applies: an earlier row fits all that this one names"
    reached_offsite = {
        _offsite_row(raw, filing, route, med_type)
        for filing, route in PLACES
        for med_type in EXPECTED[policy.insutype]
    }
    for at in range(len(raw.get("offsite", []))):
        if at not in reached_offsite:
            yield f"offsite[{at}]", "never applies: an earlier row fits all that this one names"


def _first(rows: Sequence[Terms], level: str, head: str, disease: str, matn_type: str, age: int) -> int:
    for at, row in enumerate(rows):
        if row.fits(level, head, disease, matn_type, age):
            return at
    return -1


def _offsite_row(raw: dict[str, Any], filing: str, route: str, med_type: str) -> int:
    for at, row in enumerate(raw.get("offsite", [])):
        named = ((row.get("routes"), route), (row.get("filings"), filing), (row.get("med_types"), med_type))
        if filing != LOCAL and all(not among or value in among for among, value in named):
            return at
    return -1


def _holes(node: object, path: str) -> Iterator[tuple[str, str]]:
    """Bands that leave some of the money out; a band of 0 says the same and can be read."""
    if isinstance(node, list):
        for at, item in enumerate(node):
            yield from _holes(item, f"{path}[{at}]")
    if not isinstance(node, dict):
        return
    for name, value in node.items():
        where = f"{path}.{name}" if path else name
        if name == "bands":
            reached = 0
            for at, band in enumerate(value):
                if band["from_fen"] != reached:
                    why = f"nothing is said of what lies between {reached} and {band['from_fen']} fen"
                    yield f"{where}[{at}].from_fen", why
                reached = band.get("to_fen", -1)
            if reached >= 0:
                yield (
                    where,
                    f"nothing is said of what lies above {reached} fen: leave to_fen of the last band out",
                )
        yield from _holes(value, where)


def _unfilable(policy: Policy, raw: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Diseases that have terms by a row for all, but could not be filed, where they must be."""
    rows = [row for one in raw["treatment"] if CHRONIC_CARE in one["med_types"] for row in one["terms"]]
    named = "chronic_diseases" in raw.get("filing", {})
    if policy.filing.chronic_needed and not named and any(not row.get("diseases") for row in rows):
        codes = ", ".join(sorted(policy.filing.chronic_diseases))
        yield (
            "filing.chronic_diseases",
            f"left out: of all diseases that the terms pay, only {codes} can be filed",
        )


def _by_default(policy: Policy, raw: dict[str, Any]) -> Iterator[tuple[str, str]]:
    words: list[str] = []
    for route in ("within", "across"):
        silent = [
            filing
            for filing in FILINGS
            if any(
                _offsite_row(raw, filing, route, med_type) < 0
                for med_type in EXPECTED[policy.insutype]
                if med_type not in policy.not_covered
            )
        ]
        if silent:
            words.append(
                f"{route} the province filed as {', '.join(silent)}".replace("across the", "beyond the")
            )
    if words:
        yield "offsite", f"paid as at home by default, for no row speaks of it: {'; '.join(words)}"
