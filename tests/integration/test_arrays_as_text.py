"""Arrays that travel as text say the same as the lists that they are made of: PostgreSQL reads them back."""

import asyncpg
from hypothesis import given
from hypothesis import strategies as st

from runtime.postgres import _quoted, bytea_array, number_array, text_array


def test_nothing_and_null_have_words_of_their_own() -> None:
    assert bytea_array([]) == "{}"
    assert bytea_array([None, b"\x00\xff"]) == '{NULL,"\\\\x00ff"}'
    assert number_array([None, -5]) == "{NULL,-5}"
    assert text_array([None, "NULL", "a,b"]) == '{NULL,"NULL","a,b"}'


@given(st.text(st.characters(exclude_characters="\x00")))
def test_a_text_is_quoted_so_that_only_quotes_and_backslashes_are_escaped(text: str) -> None:
    quoted = _quoted(text)
    assert quoted[0] == quoted[-1] == '"'
    inner, unescaped = quoted[1:-1], []
    position = 0
    while position < len(inner):
        if inner[position] == "\\":
            position += 1
        else:
            assert inner[position] != '"'
        unescaped.append(inner[position])
        position += 1
    assert "".join(unescaped) == text


async def test_postgres_reads_them_back(postgres_server: str) -> None:
    texts = ["", "NULL", None, 'a"b', "a\\b", "{1,2}", "张三", " spaced ", "a,b", "\n"]
    octets = [None, b"", b"\x00\x01", bytes(range(256))]
    connection = await asyncpg.connect(postgres_server)
    try:
        assert await connection.fetchval("SELECT $1::text::text[]", text_array(texts)) == texts
        assert await connection.fetchval("SELECT $1::text::bytea[]", bytea_array(octets)) == octets
        assert await connection.fetchval("SELECT $1::text::bigint[]", number_array([None, 2**62])) == [
            None,
            2**62,
        ]
    finally:
        await connection.close()
