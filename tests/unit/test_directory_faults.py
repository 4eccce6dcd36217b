"""A directory that cannot be used says in one sentence which file and line to mend."""

import shutil
from pathlib import Path

import pytest

from gateway.directory import Directory
from gateway.errors import DirectoryError, GatewayError
from gateway.tables import DATA_FOLDER


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in DATA_FOLDER.glob("*.csv"):
        shutil.copy(path, tmp_path)
    return tmp_path


def replace(path: Path, old: str, new: str) -> int:
    """Replaces the first occurrence and returns its line."""
    text = path.read_text(encoding="utf-8")
    before, found, after = text.partition(old)
    assert found
    path.write_text(before + new + after, encoding="utf-8")
    return before.count("\n") + 1


def fault_of(folder: Path) -> str:
    with pytest.raises(DirectoryError) as caught:
        Directory.load(folder)
    assert isinstance(caught.value, GatewayError)
    assert not caught.value.retriable
    return str(caught.value)


def test_a_copy_of_the_shipped_folder_loads(folder: Path) -> None:
    assert Directory.load(folder) == Directory.load()


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("nodes.csv", "\n44,广东,2", "\n44,广东,0", "partitions is 0, not between 1 and 64"),
        ("nodes.csv", "\n44,广东,2", "\n45,广东,2", "node 45 stands twice"),
        ("nodes.csv", "\n44,广东,2", "\n44,广东", "2 cells under 3 columns"),
        ("nodes.csv", "\n44,广东,2", "\n44,广东,2,5", "4 cells under 3 columns"),
        ("nodes.csv", "\n44,广东,2", "\n44,,2", "name is empty"),
        ("pools.csv", "\n440300,深圳市,44", "\n440300,深圳市,77", "node 77 is not in nodes.csv"),
        ("pools.csv", "\n440300,深圳市,44,1", "\n440300,深圳市,44,2", "fund_includes_acct is 2"),
        ("pools.csv", "\n440300,深圳市,44,1,,11", "\n440300,深圳市,44,1,,77", "province_services names 77"),
        ("pools.csv", "\n440300,深圳市,44,1,", "\n440300,深圳市,44,1,440100", "440300 is none"),
        ("pools.csv", "449900,广东省本级,44,1,440100", "449900,广东省本级,44,1,", "449900 needs a seat"),
        ("divisions.csv", "\n440305,", "\n440304,", "division 440304 stands twice"),
        ("divisions.csv", "\n440305,", "\n４40305,", "division is '４40305', not a whole number"),
        ("divisions.csv", "\n440305,", "\n040305,", "division is 040305, not between"),
        (
            "divisions.csv",
            "440305,南山区,county,440300",
            "440305,南山区,county,440301",
            "pool 440301 is not in",
        ),
        ("divisions.csv", "440305,南山区,county", "440305,南山区,village", "kind is 'village'"),
        ("regions.csv", "\n44,440300", "\n44,440100", "care_pool 440100 stands twice"),
        ("regions.csv", "\n44,440300", "\n44,440301", "care_pool 440301 is not in pools.csv"),
        ("regions.csv", "\n44,440300", "\nmanual,440300", "region manual is the word for what home nodes"),
        (
            "institutions.csv",
            "H44030590002",
            "X44030590002",
            "'X44030590002' is not H or P and eleven digits",
        ),
        ("institutions.csv", "H44030590002", "H4403059000", "'H4403059000' is not H or P and eleven digits"),
        ("institutions.csv", "H44030590002", "H44039890002", "division 440398 of"),
        ("institutions.csv", "H44030590002", "H44030590003", "fixmedins_code H44030590003 stands twice"),
        (
            "institutions.csv",
            "深圳示例第二人民医院,44",
            "深圳示例第二人民医院,46",
            "region 46 is not in regions.csv",
        ),
        (
            "institutions.csv",
            "示例第二人民医院,44,3",
            "示例第二人民医院,44,0",
            "hosp_lv is 0, not between 1 and 3",
        ),
        ("institutions.csv", "大药房一店,44,0", "大药房一店,44,1", "hosp_lv is 1, not between 0 and 0"),
        ("institutions.csv", "2024-12-31", "2024-12-32", "agreement_to is '2024-12-32', not a day"),
        ("institutions.csv", "2024-12-31", "2022-12-31", "agreement_to is before agreement_from"),
        ("institutions.csv", ",suspended,", ",asleep,", "network is 'asleep'"),
        ("institutions.csv", "open,310 390 510", "open,310 320 510", "insutypes names 320"),
    ],
)
def test_a_fault_names_file_and_line(folder: Path, file: str, old: str, new: str, sentence: str) -> None:
    line = replace(folder / file, old, new) + old.startswith("\n")
    fault = fault_of(folder)
    assert sentence in fault
    repeated = line + 1 if "stands twice" in sentence and file != "regions.csv" else line
    assert fault.startswith((f"{file} line {line}:", f"{file} line {repeated}:"))


def test_a_missing_file(folder: Path) -> None:
    (folder / "regions.csv").unlink()
    assert "regions.csv cannot be read: No such file" in fault_of(folder)


def test_a_file_in_another_encoding(folder: Path) -> None:
    (folder / "nodes.csv").write_bytes("node,name,partitions\n44,广东,4\n".encode("gb18030"))
    assert "nodes.csv is not UTF-8" in fault_of(folder)


def test_other_columns(folder: Path) -> None:
    replace(folder / "nodes.csv", "node,name,partitions", "node,label,partitions")
    assert "nodes.csv line 1: the columns are node,label,partitions" in fault_of(folder)


def test_a_pool_that_no_division_names(folder: Path) -> None:
    replace(folder / "divisions.csv", "449900,广东省本级,province_level,449900\n", "")
    assert "pool 449900 of pools.csv is not a division of its own" in fault_of(folder)


def test_columns_may_stand_in_any_order_and_a_byte_order_mark_is_no_fault(folder: Path) -> None:
    rows = (folder / "nodes.csv").read_text(encoding="utf-8").splitlines()
    turned = "\n".join(",".join(reversed(row.split(","))) for row in rows)
    (folder / "nodes.csv").write_text("\ufeff" + turned + "\n\n", encoding="utf-8")
    assert Directory.load(folder).nodes == Directory.load().nodes
