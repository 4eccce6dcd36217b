"""Each figure of a policy file names its source by the tag behind it, and [sources] says what a tag stands for."""

import re
from collections.abc import Iterator
from typing import Any, Final

FIGURE: Final = re.compile(
    r"^\s*(?P<key>\w+_(?:fen|bp|least|most)|(?:chronic|designated)_\w+)\s*=\s*[^#]*(?:# (?P<tag>[A-Z]\d?)\b.*)?$"
)
"""A line with an amount, a ratio, a number of days or months or what must be filed, and the tag of its source."""
_TAG: Final = re.compile(r"# (?P<tag>[A-Z]\d?)\b")


def unsourced(text: str, raw: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Figures whose source is not told, and tags that tell nothing; (key, sentence)."""
    sources = raw.get("sources", {})
    if not sources:
        yield "sources", "a policy says where its figures come from: [sources] with a tag and a text each"
    for tag, words in sources.items():
        if not isinstance(words, str) or not words.strip():
            yield f"sources.{tag}", "a source is a text that says where to read"
    for number, line in enumerate(text.splitlines(), start=1):
        figure = FIGURE.match(line)
        if figure is None:
            continue
        tag = figure["tag"]
        if tag is None:
            yield f"{figure['key']} (line {number})", "no source: end the line with # and a tag of [sources]"
        elif tag not in sources:
            yield f"{figure['key']} (line {number})", f"its source {tag} is not in [sources]"


def unused_sources(text: str, raw: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Sources that no line names."""
    named = set(_TAG.findall(text))
    for tag in raw.get("sources", {}):
        if tag not in named:
            yield f"sources.{tag}", "no line names this source"
