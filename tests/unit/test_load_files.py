"""Files that are to be loaded: what is wrong with one is told by line and column, never by value, all of it at once."""

import json
from pathlib import Path

import pytest

from homepool.loading.file import FAULTS_SHOWN_MAX, Faults, rows_of, scan
from homepool.loading.kinds import KINDS
from homepool.reimbursement.bill import BILLS

SAMPLES = Path(__file__).parent.parent.parent / "docs" / "samples"
PEOPLE = (SAMPLES / "people.csv").read_text(encoding="utf-8")
ACCOUNTS = "row_id,psn_no,pool,amount_fen\n"
INSURED = "psn_no,pool,insutype,psn_type,valid_from"


def faults_of(folder: Path, kind: str, content: str | bytes, *, name: str = "file.csv") -> list[str]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    count, digest, faults = scan(path, KINDS[kind])
    assert len(faults.shown) == min(faults.count, FAULTS_SHOWN_MAX)
    assert count >= 0
    assert bool(digest) or faults
    return faults.shown


@pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.stem)
def test_the_samples_are_right(path: Path) -> None:
    count, _, faults = scan(path, {**KINDS, BILLS.name: BILLS}[path.stem])
    assert (faults.shown, count) == (
        [],
        path.read_text(encoding="utf-8").count("\n") - (path.suffix == ".csv"),
    )


def test_csv_and_json_lines_say_the_same(tmp_path: Path) -> None:
    csv = tmp_path / "a.csv"
    csv.write_bytes(
        b"\xef\xbb\xbf" + f"{INSURED},paused_on,status\n7,440300,310,1101,2020-01-01,,\n\n".encode()
    )
    lines = tmp_path / "a.ndjson"
    one = {"psn_no": "7", "pool": 440300, "insutype": "310", "psn_type": "1101", "valid_from": "2020-01-01"}
    lines.write_text(json.dumps({**one, "civil_servant": False}) + "\n\n", encoding="utf-8")
    (from_csv,), (from_json,) = (list(rows_of(path, KINDS["insurances"], Faults())) for path in (csv, lines))
    assert from_csv.values == from_json.values
    assert (from_csv.digest, from_csv.id) == (from_json.digest, b"")
    assert (from_csv.line, from_json.line) == (2, 1)
    assert from_csv.values["status"] == "1"


@pytest.mark.parametrize(
    ("kind", "content", "fault"),
    [
        ("people", PEOPLE.replace("psn_name", "name", 1), "line 1: 'name' is no column of people; they are row_id, "),
        ("people", PEOPLE.replace("psn_name,", "", 1), "line 1: columns are missing: psn_name"),
        ("people", PEOPLE.replace("card_sn", "psn_no", 1), "line 1: the column psn_no stands twice"),
        ("people", PEOPLE.replace("440398198403091016", "440398198403091017"), "line 2: certno is no identity number"),
        ("people", PEOPLE.replace("1984-03-09", "1984-03-19"), "line 2: brdy is not the birthday in certno"),
        ("people", PEOPLE.replace(",1,1984", ",2,1984"), "line 2: gend is not that of certno"),
        ("people", PEOPLE.replace("示例二", " 示例二"), "line 3: psn_name is not a text of at most 200"),
        ("people", PEOPLE.replace("示例二", "a" * 201), "line 3: psn_name is not a text of at most 200"),
        ("people", PEOPLE.replace("示例二", "示\0例"), "line 3: psn_name is not a text"),
        ("people", PEOPLE.replace("示例二", ""), "line 3: psn_name is missing"),
        ("people", PEOPLE.replace("102,示例二", "101,示例二"), "line 3: psn_no stands in line 2 too"),
        ("people", PEOPLE.replace("示例二,", "示例二,,"), "line 3: 9 cells under 8 columns"),
        ("people", PEOPLE.encode("gb18030"), "line 2: not UTF-8; an export in GBK must be converted first"),
        ("people", PEOPLE.splitlines()[0] + "\n", "it holds no row"),
        ("people", "", "it holds no row"),
        ("people", PEOPLE + '"open', "line 5: not CSV: "),
        ("insurances", f"{INSURED}\n7,44,310,1101,2020-01-01\n", "line 2: pool is not a division of six digits"),
        ("insurances", f"{INSURED}\n7,440300,330,1101,2020-01-01\n", "line 2: insutype is none of"),
        ("insurances", f"{INSURED}\n7,440300,310,1101,2020-02-30\n", "line 2: valid_from is not a day"),
        ("insurances", f"{INSURED},status\n7,440300,310,1101,2020-01-01,2\n", "line 2: paused_on belongs to status 2"),
        ("insurances", f"{INSURED},civil_servant\n7,440300,310,1101,2020-01-01,yes\n", "civil_servant is not 0 or 1"),
        (
            "insurances",
            f"{INSURED}\n7,440300,310,1101,2020-01-01\n7,440300,310,1101,2021-01-01\n",
            "line 3: a normal insurance of this psn_no, pool, insutype stands in line 2 too",
        ),
        ("relatives", "psn_no,relative_psn_no\n7,7\n", "line 2: relative_psn_no is the person"),
        ("accounts", "psn_no,pool,amount_fen\n7,440300,1\n", "line 1: columns are missing: row_id"),
        ("accounts", f"{ACCOUNTS},7,440300,1\n", "line 2: row_id is missing"),
        ("accounts", f"{ACCOUNTS}{'a' * 65},7,440300,1\n", "line 2: row_id is longer than 64 characters"),
        ("accounts", f"{ACCOUNTS}a,7,440300,12.50\n", "line 2: amount_fen is not a whole number"),
        ("accounts", f"{ACCOUNTS}a,7,440300,１\n", "line 2: amount_fen is not a whole number"),
        ("accounts", f"{ACCOUNTS}a,7,440300,0\n", "line 2: amount_fen is 0, or beyond"),
        ("accounts", f"{ACCOUNTS}a,7,440300,1\na,8,440300,1\n", "line 3: row_id stands in line 2 too"),
        ("accumulators", "row_id,psn_no,insutype,period,poold\na,7,310,2026,1\n", "line 1: 'poold' is no column"),
        ("accumulators", "row_id,psn_no,insutype,period,pooled\na,7,310,2026,\n", "line 2: no accumulator is given"),
        ("accumulators", "row_id,psn_no,insutype,period,pooled\na,7,310,202613,1\n", "line 2: period is neither"),
        (
            "accumulators",
            "row_id,psn_no,insutype,period,admissions\na,7,310,202612,1\n",
            "line 2: of a month only in_scope and pooled are kept",
        ),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_by_line_and_column(
    tmp_path: Path, kind: str, content: str | bytes, fault: str
) -> None:
    found = faults_of(tmp_path, kind, content)
    assert any(one.startswith(fault) or fault in one for one in found), found
    assert not any("示例" in one or "4403981" in one for one in found)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("[", "line 1: not JSON"),
        ("[]", "line 1: not an object"),
        ('{"row_id": "a", "psn_no": 7, "pool": 440300, "amount_fen": 1}', "line 1: psn_no is not a text"),
        (
            '{"row_id": "a", "psn_no": "7", "pool": 440300, "amount_fen": 1.0}',
            "line 1: amount_fen is not a whole",
        ),
        (
            '{"row_id": "a", "psn_no": "7", "pool": 440300, "amount_fen": true}',
            "line 1: amount_fen is not a whole",
        ),
        (
            '{"row_id": "a", "psn_no": "7", "pool": 440300, "fen": 1}',
            "line 1: 'fen' is no column of accounts",
        ),
    ],
)
def test_a_wrong_line_of_json(tmp_path: Path, line: str, fault: str) -> None:
    (found,) = faults_of(tmp_path, "accounts", line, name="file.jsonl")
    assert found.startswith(fault)


def test_all_faults_are_counted_and_the_first_are_shown(tmp_path: Path) -> None:
    rows = "".join(f"r{at},7,440300,0\n" for at in range(50))
    path = tmp_path / "file.csv"
    path.write_text(ACCOUNTS + rows, encoding="utf-8")
    _, _, faults = scan(path, KINDS["accounts"])
    words = faults.in_words(path)
    assert (faults.count, words.count("\n")) == (50, FAULTS_SHOWN_MAX + 1)
    assert words.startswith("file.csv is refused as a whole and nothing was written:\n  line 2: ")
    assert words.endswith("and 30 more")


def test_a_file_that_is_missing_or_of_another_kind(tmp_path: Path) -> None:
    _, _, missing = scan(tmp_path / "none.csv", KINDS["people"])
    assert missing.shown == ["it cannot be read: No such file or directory"]
    assert faults_of(tmp_path, "people", PEOPLE, name="people.xlsx") == [
        "its name must end in .csv, .jsonl, .ndjson"
    ]


def test_the_position_of_a_file_is_that_of_its_bytes_and_kind(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(f"{ACCOUNTS}a,7,440300,1\n", encoding="utf-8")
    _, first, _ = scan(path, KINDS["accounts"])
    path.write_text(f"{ACCOUNTS}a,7,440300,2\n", encoding="utf-8")
    _, second, _ = scan(path, KINDS["accounts"])
    assert first != second
    (row,) = rows_of(path, KINDS["accounts"], Faults())
    assert len(row.id) == len(row.digest) == 16
