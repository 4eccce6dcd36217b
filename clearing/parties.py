"""Who pays and is paid: pools and provinces, their names, their accounts and their dialect, `clearing/data/parties.csv`;
and institutions' accounts, `clearing/data/institution_accounts.csv`: one that is not in it is not paid.

Clearing may not read the gateway's directory, so pools stand here again with what finance needs; a test proves that both
tables agree. Shipped account numbers are samples and say so; a deployment has a table of its own. Pure.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from clearing.errors import SchemeWrong
from clearing.scheme import DATA_FOLDER

_PARTIES: Final = "parties.csv"
_ACCOUNTS: Final = "institution_accounts.csv"
_COLUMNS: Final = ("party", "name", "fund_includes_acct", "bank", "account", "sample")
_ACCOUNT_COLUMNS: Final = ("fixmedins_code", "name", "bank", "account", "sample")
_INSTITUTION: Final = re.compile(r"[A-Z][A-Z0-9]{1,29}")
_PARTY: Final = re.compile(r"[1-9]\d{5}|P[1-9]\d")
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9-]{1,34}")


class Party(NamedTuple):
    """A pool (440300), a province (P44) or an institution."""

    code: str
    name: str
    fund_includes_account: bool  # a pool's dialect of fund_pay_sumamt
    bank: str  # CNAPS, twelve digits
    account: str
    sample: bool  # made up: no money may go there


def party_name(parties: Mapping[str, Party], code: str) -> str:
    """What a party is called; one that the table does not have goes by its code."""
    return parties[code].name if code in parties else code


def party_label(parties: Mapping[str, Party], code: str) -> str:
    """Code and name."""
    return f"{code} {parties[code].name}" if code in parties else code


def load_parties(folder: Path | None = None) -> dict[str, Party]:
    """Read and check `parties.csv` of a folder, the shipped one by default. Raises SchemeWrong."""
    return read_parties(_text(folder, _PARTIES))


def read_parties(text: str) -> dict[str, Party]:
    """The parties of a table's text, by code. Raises SchemeWrong with line and reason."""
    found: dict[str, Party] = {}
    for where, cells in _rows(text, _PARTIES, _COLUMNS):
        if fault := _fault(cells, found):
            raise SchemeWrong(f"{where}: {fault}.")
        code, name, includes, bank, account, sample = cells
        found[code] = Party(code, name, includes == "1", bank, account, sample == "1")
    return found


def load_accounts(*, institutions: bool) -> dict[str, Party]:
    """Everybody whom instructions between pools, or to institutions too, may name. Raises SchemeWrong."""
    return load_parties() | (load_institution_accounts() if institutions else {})


def load_institution_accounts(folder: Path | None = None) -> dict[str, Party]:
    """Read and check `institution_accounts.csv` of a folder, the shipped one by default. Raises SchemeWrong."""
    return read_institution_accounts(_text(folder, _ACCOUNTS))


def read_institution_accounts(text: str) -> dict[str, Party]:
    """The institutions that have an account, by code. Raises SchemeWrong with line and reason."""
    found: dict[str, Party] = {}
    for where, cells in _rows(text, _ACCOUNTS, _ACCOUNT_COLUMNS):
        if fault := _institution_fault(cells, found):
            raise SchemeWrong(f"{where}: {fault}.")
        code, name, bank, account, sample = cells
        found[code] = Party(code, name, False, bank, account, sample == "1")
    return found


def _text(folder: Path | None, name: str) -> str:
    try:
        return ((folder or DATA_FOLDER) / name).read_text(encoding="utf-8-sig")
    except OSError as failed:
        raise SchemeWrong(f"{name} cannot be read: {failed.strerror}.") from None
    except UnicodeDecodeError:
        raise SchemeWrong(f"{name} is not UTF-8.") from None


def _rows(text: str, name: str, columns: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """(which line, its cells) of a table with these columns."""
    reader = csv.reader(text.splitlines())
    header = next(reader, [])
    if tuple(header) != columns:
        raise SchemeWrong(f"{name} line 1: the columns are {','.join(header)}, expected {','.join(columns)}.")
    for cells in reader:
        if cells:
            yield f"{name} line {reader.line_num}", cells


def _institution_fault(cells: list[str], found: dict[str, Party]) -> str:
    if len(cells) != len(_ACCOUNT_COLUMNS):
        return f"{len(cells)} cells under {len(_ACCOUNT_COLUMNS)} columns"
    code, name, bank, account, sample = cells
    if not _INSTITUTION.fullmatch(code):
        return f"{code} is no institution's code"
    if code in found:
        return f"institution {code} stands twice"
    return _account_fault(name, bank, account, sample)


def _fault(cells: list[str], found: dict[str, Party]) -> str:
    if len(cells) != len(_COLUMNS):
        return f"{len(cells)} cells under {len(_COLUMNS)} columns"
    code, name, includes, bank, account, sample = cells
    if not _PARTY.fullmatch(code):
        return f"party {code} is neither a pool (six digits) nor a province (P44)"
    if code in found:
        return f"party {code} stands twice"
    if includes not in (("0", "1") if code.isdigit() else ("",)):
        return f"fund_includes_acct is {includes}, not 0 or 1 of a pool and empty of a province"
    return _account_fault(name, bank, account, sample)


def _account_fault(name: str, bank: str, account: str, sample: str) -> str:
    if not name.strip():
        return "name is empty"
    if len(bank) != 12 or not bank.isdigit():
        return f"bank {bank} is not twelve digits"
    if not _ACCOUNT.fullmatch(account):
        return "account is not 1 to 34 letters, digits and dashes"
    if sample not in ("0", "1"):
        return f"sample is {sample}, not 0 or 1"
    return ""
