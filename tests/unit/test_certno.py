"""The check of an identity number, GB 11643."""

from datetime import date

import pytest

from runtime.certno import birthday, check_digit, is_certno, make_certno

PUBLISHED = ("11010519491231002X", "440524188001010014")
"""The two examples printed in GB 11643-1999 itself: no living person's."""


@pytest.mark.parametrize("certno", PUBLISHED)
def test_the_standard_s_own_examples(certno: str) -> None:
    assert check_digit(certno[:17]) == certno[17]
    assert is_certno(certno)


@pytest.mark.parametrize("certno", PUBLISHED)
def test_every_single_wrong_character_and_every_swap_of_neighbours_is_seen(certno: str) -> None:
    for place in range(18):
        for other in "0123456789X":
            if other != certno[place]:
                assert not is_certno(certno[:place] + other + certno[place + 1 :])
    for place in range(17):
        swapped = certno[:place] + certno[place + 1] + certno[place] + certno[place + 2 :]
        assert is_certno(swapped) == (swapped == certno)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "11010519491231002x",  # a small x would be another key
        "11010519491231002",
        "11010519491231002X ",
        "110105194912310021X",
        "１1010519491231002X",  # a full-width digit
        "1101051949023000" + "2" + check_digit("11010519490230002"),  # 30 February
        "1101051949133100" + "2" + check_digit("11010519491331002"),
        "1101050000123100" + "2" + check_digit("11010500001231002"),
    ],
)
def test_what_is_no_identity_number(text: str) -> None:
    assert not is_certno(text)
    assert birthday(text) is None


def test_a_number_made_is_a_number_and_keeps_its_birthday() -> None:
    born = date(1958, 2, 9)
    made = make_certno(440391, born, 7)
    assert made[:17] == "44039119580209007"
    assert birthday(made) == born


@pytest.mark.parametrize("serial", [0, 1000, -1])
def test_a_serial_has_three_digits(serial: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 999"):
        make_certno(440391, date(1958, 2, 9), serial)


@pytest.mark.parametrize(
    "first_17", ["1101051949123100", "110105194912310022", "1101051949123100X", "²1010519491231002"]
)
def test_only_seventeen_digits_have_a_check(first_17: str) -> None:
    with pytest.raises(ValueError, match="seventeen digits"):
        check_digit(first_17)
