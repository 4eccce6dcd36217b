"""docs/running.md names the settings, commands and figures that there are, and all of the settings."""

import re
from pathlib import Path

from homepool.serve import NodeSettings
from stack.plan import read_plan

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
FOR_MAKE = {"DSGW_POSTGRES", "DSGW_KAFKA", "DSGW_REQUIRE_APACHE_KAFKA"}


def test_the_table_of_settings_is_what_processes_read() -> None:
    fields = {f"DSGW_{field.upper()}" for field in NodeSettings.model_fields}
    assert set(re.findall(r"^\| `(DSGW_\w+)` \|", TEXT, re.MULTILINE)) == fields
    assert set(re.findall(r"DSGW_[A-Z_]*[A-Z]", TEXT)) == fields | FOR_MAKE


def test_make_targets_and_modules_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert (
        set(re.findall(r"make (\w+)", " ".join(re.findall(r"`[^`]*`|^make .*$", TEXT, re.MULTILINE))))
        <= targets
    )
    for module in re.findall(r"python -m ([\w.]+)", TEXT):
        path = ROOT / Path(*module.split("."))
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


def test_the_metrics_that_it_names_are_counted_somewhere() -> None:
    code = "".join(
        file.read_text(encoding="utf-8")
        for package in ("gateway", "homepool")
        for file in (ROOT / package).rglob("*.py")
    )
    for name in re.findall(r"`((?:gateway|home)_\w+?)(?:_total)?(?:\{what\})?`", TEXT):
        words = name.removeprefix("gateway_").replace("_", " ")
        assert f'"{name}"' in code or f'"{words}"' in code, name


def test_links_lead_somewhere_and_topics_are_of_the_plan() -> None:
    for link in re.findall(r"\]\(([\w./-]+)\)", TEXT):
        assert (ROOT / "docs" / link).exists(), link
    for name, partitions in re.findall(r"--topic (\S+):(\d+)", TEXT):
        assert read_plan().topics()[name] == int(partitions)
