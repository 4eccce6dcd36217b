"""What pools allow of wallet transfers: hours over midnight, dated terms, and files that break their form."""

from datetime import date, datetime
from pathlib import Path

import pytest

from homepool.errors import PolicyInvalid
from homepool.wallet.terms import SHIPPED, WalletTerms, load_terms
from runtime.clock import CHINA

TEXT = SHIPPED.read_text(encoding="utf-8")
TERMS = load_terms().find(440300, date(2026, 1, 1))
assert TERMS is not None


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=CHINA).timestamp() * 1000)


@pytest.mark.parametrize(
    ("time", "closed"),
    [("21:59", False), ("22:00", True), ("00:00", True), ("05:59", True), ("06:00", False), ("12:00", False)],
)
def test_nothing_is_sent_over_the_night(time: str, closed: bool) -> None:
    assert TERMS is not None
    assert TERMS.closed_at(at(f"2026-11-24 {time}")) is closed


def test_hours_within_a_day_and_none_at_all() -> None:
    noon = WalletTerms(date(2026, 1, 1), 1, 1, 12 * 60, 13 * 60, 0)
    assert [noon.closed_at(at(f"2026-11-24 {time}")) for time in ("11:59", "12:00", "13:00")] == [
        False, True, False,
    ]  # fmt: skip
    assert not noon._replace(closed_to=12 * 60).closed_at(at("2026-11-24 12:00"))


@pytest.mark.parametrize("sent", ["2026-11-24 06:00", "2026-11-24 12:00", "2026-11-24 21:59:59.999"])
def test_what_is_not_accepted_returns_in_the_morning_of_the_next_day(sent: str) -> None:
    assert TERMS is not None
    assert TERMS.returns_ms(at(sent)) == at("2026-11-25 06:00")


def test_terms_hold_from_their_day_until_the_next(tmp_path: Path) -> None:
    later = TEXT[TEXT.index("[[terms]]") :].replace("2025-09-18", "2026-07-01").replace("200_000", "500_000")
    path = tmp_path / "wallets.toml"
    path.write_text(TEXT + later, encoding="utf-8")
    found = [
        load_terms(path).find(440300, day) for day in (date(2025, 9, 17), date(2026, 6, 30), date(2026, 7, 1))
    ]
    assert [one and one.amount_fen_most for one in found] == [None, 200_000, 500_000]
    assert load_terms(path).find(370600, date(2026, 7, 1)) is None


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("transfers_a_day_most = 3", "transfers_a_day_most = 0", "terms 1"),
        ("amount_fen_most = 200_000", "amount_fen_most = 2000.5", "terms 1"),
        ('"22:00"', '"22"', "terms 1"),
        ('"22:00"', '"24:00"', "terms 1"),
        ("returns_at", "return_at", "return_at"),
        ('from = "2025-09-18"', 'from = "2025-13-18"', "terms 1"),
        ("440100, 440300", "440300, 440300", "pool 440300"),
        ("[sources]", "[source]", "sources"),
        ("[[terms]]", "[[terms", "TOML"),
    ],
)
def test_a_file_that_breaks_its_form_is_refused_by_entry_and_key(
    right: str, wrong: str, says: str, tmp_path: Path
) -> None:
    assert right in TEXT
    path = tmp_path / "wallets.toml"
    path.write_text(TEXT.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(PolicyInvalid, match=says.replace("[", r"\[")):
        load_terms(path)


def test_every_figure_of_the_shipped_file_names_a_source_that_is_there() -> None:
    body = TEXT[TEXT.index("[[terms]]") :].splitlines()[1:]
    for line in filter(None, body):
        assert line.rsplit("# ", 1)[1][0] in ("Y", "A"), line
