import json

from hypothesis import given
from hypothesis import strategies as st

from actlet.printable import printable, printable_json


def test_escape_sequences_are_shown_not_obeyed():
    assert printable("\x1b[2Jgone\x07") == "\\x1b[2Jgone\\x07"


def test_marks_that_turn_the_text_around_are_shown():
    assert printable("abc\u202edef") == "abc\\u202edef"


def test_line_ends_and_tabs_stay():
    assert printable("a\n\tb\r\nc") == "a\n\tb\nc"
    assert printable("50%\r100%") == "50%\\x0d100%"


def test_half_a_character_can_be_encoded():
    assert printable("\ud83d!") == "\\ud83d!"


@given(st.text())
def test_whatever_the_text_the_result_can_be_encoded_and_holds_no_control_character(text: str):
    shown = printable(text)
    shown.encode()
    assert not any(ord(c) < 32 and c not in "\n\t" for c in shown)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_ordinary_text_is_left_alone(text: str):
    assert printable(text) == text


@given(st.text())
def test_json_holds_no_control_character_and_says_the_same(text: str):
    shown = printable_json(json.dumps([text], ensure_ascii=False))
    assert printable(shown) == shown
    assert json.loads(shown) == [text]
