"""What counts as the code of a reply, and what never does."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actlet import extract_code_from_text, parse_code_blobs
from actlet.agents.parsing import closed, parse_code, parse_structured, plainly_code
from actlet.errors import AgentParsingError

TAGS = ("<code>", "</code>")
MARKDOWN = ("```python", "```")
PROGRAM = 'rows = load()\nfor row in rows:\n    print(row["name"])'

STYLES = {
    "tags": f"I look.\n<code>\n{PROGRAM}\n</code>",
    "tags cut off by the stop sequence": f"I look.\n<code>\n{PROGRAM}\n",
    "tags with a fence inside": f"<code>\n```python\n{PROGRAM}\n```\n</code>",
    "tags with a bare fence inside": f"<code>\n```\n{PROGRAM}\n```\n</code>",
    "tags with prose on both sides": f"First this.\n<code>\n{PROGRAM}\n</code>\nThat will show it.",
    "```python": f"I look.\n```python\n{PROGRAM}\n```",
    "tags in capitals": f"I look.\n<CODE>\n{PROGRAM}\n</CODE>\nDone.",
    "only the closing tag, in capitals": f"{PROGRAM}\n</CODE>",
    "~~~python": f"I look.\n~~~python\n{PROGRAM}\n~~~\nDone.",
    "tags with tildes inside": f"<code>\n~~~python\n{PROGRAM}\n~~~\n</code>",
    "```py": f"I look.\n```py\n{PROGRAM}\n```\nDone.",
    "```Python": f"```Python\n{PROGRAM}\n```",
    "```tool_code": f"```tool_code\n{PROGRAM}\n```",
    "bare fence": f"I look.\n```\n{PROGRAM}\n```\nThat is it.",
    "missing closing fence": f"I look.\n```python\n{PROGRAM}",
    "nothing around it": PROGRAM,
    "only the closing tag": f"{PROGRAM}\n</code>",
    "think block": f"<think>Maybe <code>draft()</code>?</think>\n<code>\n{PROGRAM}\n</code>",
    "thinking block": f"<thinking>\nmaybe\n</thinking>\n```python\n{PROGRAM}\n```",
    "two think blocks": f"<think>a</think>Well.<think>b</think>\n<code>\n{PROGRAM}\n</code>",
    "only the end of a think block": f"Maybe <code>draft()</code>?\n</think>\n<code>\n{PROGRAM}\n</code>",
    "think block that never ends": f"<think>I should load it.\n<code>\n{PROGRAM}\n</code>",
}


@pytest.mark.parametrize("reply", STYLES.values(), ids=STYLES.keys())
def test_code_is_found_however_it_is_written(reply):
    assert parse_code(reply, TAGS) == PROGRAM


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("```python\r\nprint(1)\r\n```\r\nDone.\r\n", "print(1)"),
        ("Code: ```python\nprint(1)\n```", "print(1)"),
        ("```python\nprint(1)```", "print(1)"),
        ("<code>\n    x = 1\n    if x:\n        x = 2\n</code>", "x = 1\nif x:\n    x = 2"),
        ("- First:\n  ```py\n  x = 1\n  print(x)\n  ```", "x = 1\nprint(x)"),
    ],
)
def test_code_is_read_however_its_lines_end_and_wherever_they_begin(reply, code):
    assert parse_code(reply, TAGS) == code


def test_a_block_in_a_line_of_its_own_counts_whatever_stands_before_it():
    reply = "Load: <code>import json</code>\nThen\n- <code>x = 1</code>\n<code>\nprint(json, x)\n</code>"
    assert parse_code(reply, TAGS) == "import json\n\nx = 1\n\nprint(json, x)"


@pytest.mark.parametrize(
    "words", ["I put it between `<code>` and `</code>`:", "The function <code>search(query)</code> finds it."]
)
def test_tags_within_a_line_of_words_are_no_block_where_there_is_one(words):
    assert parse_code(f"{words}\n<code>\nprint(2)\n</code>", TAGS) == "print(2)"


def test_several_blocks_run_as_one_program_in_their_order():
    reply = "First\n<code>\na = 1\n</code>\nthen\n<code>\nprint(a)\n</code>"
    assert parse_code(reply, TAGS) == "a = 1\n\nprint(a)"
    assert parse_code(reply.replace("<code>", "```python").replace("</code>", "```"), TAGS) == "a = 1\n\nprint(a)"


MARKS_IN_STRINGS = {
    "a closing tag": "<code>\npage = '<code>x</code>'\nprint(page)\n</code>\nThat is it.",
    "a fence in a fence": '```python\ntext = """\n```\nx\n```\n"""\nprint(text)\n```\nThat is it.',
    "a fence in tags": '<code>\ntext = """\n```python\nx\n```\n"""\nprint(text)\n</code>',
    "a closing tag, and none at the end": "<code>\npage = '</code>'\nprint(page)",
}


@pytest.mark.parametrize("reply", MARKS_IN_STRINGS.values(), ids=MARKS_IN_STRINGS.keys())
def test_marks_inside_of_strings_do_not_cut_the_code(reply):
    found = parse_code(reply, TAGS)
    assert len(ast.parse(found).body) == 2
    assert found.splitlines()[-1].startswith("print(")


def test_code_that_is_wrong_ends_at_its_first_mark():
    reply = "<code>\nx = (\n</code>\nThen:\n<code>\nprint(1)\n</code>"
    assert parse_code(reply, TAGS) == "x = (\n\nprint(1)"


def test_words_that_speak_of_the_tags_give_way_to_a_fence():
    for fence in ("```python", "```", "~~~python"):
        reply = f"The `<code>` block below computes it:\n{fence}\n{PROGRAM}\n{fence[:3]}\nDone."
        assert parse_code(reply, TAGS) == PROGRAM


@pytest.mark.parametrize("between", ["Observation:\n42\n", "\n  Observation: 42\nSo I answer.\n"])
def test_what_follows_an_observation_that_the_model_made_up_is_not_run(between):
    reply = f"<code>\na = look()\n</code>\n{between}<code>\nfinal_answer(42)\n</code>"
    fenced = reply.replace("<code>", "```python").replace("</code>", "```")
    for text in (reply, fenced):
        assert parse_code(text, TAGS) == "a = look()"
    assert parse_code(fenced, MARKDOWN) == "a = look()"
    assert parse_code(f"Observation:\n41\n{reply}", TAGS) == "a = look()"


def test_tags_that_match_nothing_at_all_end():
    with pytest.raises(AgentParsingError):
        parse_code("Words.", ("", ""))


def test_tags_win_over_fences():
    reply = "For example:\n```python\nexample()\n```\nNow:\n<code>\nreal()\n</code>"
    assert parse_code(reply, TAGS) == "real()"


def test_code_that_speaks_of_think_tags_stays_whole():
    code = 'clean = re.sub("<think>.*?</think>", "", text)\nprint(clean.split("</think>")[-1])'
    assert parse_code(f"I clean it.\n<code>\n{code}\n</code>", TAGS) == code


def test_indentation_inside_of_the_code_is_kept():
    code = "def f():\n    return 1\n\n\nprint(f())"
    assert parse_code(f"<code>\n{code}\n</code>", TAGS) == code


@pytest.mark.parametrize("tags", [MARKDOWN, (r"\[CODE\]", r"\[/CODE\]"), ("<run>", "</run>")])
def test_the_tags_may_be_ones_own(tags):
    opening, closing = (tag.replace("\\", "") for tag in tags)
    assert parse_code(f"I look.\n{opening}\n{PROGRAM}\n{closing}\nDone.", tags) == PROGRAM
    assert parse_code(f"I look.\n{opening}\n{PROGRAM}\n", tags) == PROGRAM


PROSE = {
    "a remark in parentheses": "Done (mostly)",
    "a number": "42",
    "a word": "Hello",
    "words that parse": "yes and no",
    "a label": "Answer: 42",
    "labels": "Thought: done\nResult: 5",
    "a noun phrase": "import duties",
    "a quotation": '"to be or not to be"',
    "a dotted name": "example.com",
    "a tuple": "Rome, Paris",
    "a sentence": "I will now look at the rows.",
    "the final answer in words": "The final answer is 42.",
    "json": '```json\n{"a": 1}\n```',
    "bash": "```bash\nls -l\n```",
    "text": "```text\nfinal_answer(1)\n```",
    "a bare fence of words": "```\nHello there\n```",
    "a bare fence of output": "```\n42\n```",
    "thoughts alone": "<think>print(1)</think>",
    "an empty block": "<code>\n</code>",
    "nothing": "",
    "a tool call as JSON": '{"name": "search", "arguments": {"query": "x"}}',
}


@pytest.mark.parametrize("reply", PROSE.values(), ids=PROSE.keys())
def test_prose_is_never_run(reply):
    with pytest.raises(AgentParsingError):
        parse_code(reply, TAGS)


def test_the_error_shows_how_to_write_code():
    with pytest.raises(AgentParsingError, match=r"between <code> and </code>"):
        parse_code("I will now look.", TAGS)
    with pytest.raises(AgentParsingError, match=r"between ```python and ```"):
        parse_code("I will now look.", MARKDOWN)


def test_an_answer_in_words_is_told_how_to_answer():
    with pytest.raises(AgentParsingError, match=r"<code>\nfinal_answer\(\.\.\.\)\n</code>"):
        parse_code("The final answer is 42.", TAGS)


def test_an_empty_reply_is_called_empty():
    with pytest.raises(AgentParsingError, match="empty"):
        parse_code("  \n", TAGS)


WORDS = st.sampled_from(["so", "we", "have", "a", "look", "at", "it", "then", "go", "with", "what", "is", "left"])
SENTENCES = st.lists(WORDS, min_size=3, max_size=12).map(lambda words: f"{' '.join(words).capitalize()}.")
NAMES = st.sampled_from(["a", "rows", "total"])
LITERALS = st.one_of(st.integers(), st.booleans(), st.text(alphabet="abc <>'\"{}\n", max_size=8)).map(repr)
LINES = st.one_of(
    st.builds("{} = {}".format, NAMES, LITERALS),
    st.builds("print({})".format, LITERALS),
    st.builds("if {}:\n    {} = {}".format, NAMES, NAMES, LITERALS),
    st.builds("def {}(x):\n    return {}".format, NAMES, LITERALS),
)
PROGRAMS = st.lists(LINES, min_size=1, max_size=5).map("\n".join)
WRAPPINGS = st.sampled_from(
    [
        "{before}\n<code>\n{code}\n</code>\n{after}",
        "{before}\n<code>\n{code}\n",
        "{before}\n```python\n{code}\n```\n{after}",
        "{before}\n```py\n{code}\n```",
        "{before}\n```\n{code}\n```\n{after}",
        "<think>{before}</think>\n<code>\n{code}\n</code>",
        "{before}</think>\n<code>\n{code}\n</code>",
        "{before}\n<code>\n```python\n{code}\n```\n</code>",
        "{before}\n```python\n{code}",
    ]
)


@settings(max_examples=300, deadline=None)
@given(wrapping=WRAPPINGS, before=SENTENCES, code=PROGRAMS, after=SENTENCES)
def test_any_program_comes_back_from_any_wrapping(wrapping, before, code, after):
    found = parse_code(wrapping.format(before=before, code=code, after=after), TAGS)
    assert ast.dump(ast.parse(found)) == ast.dump(ast.parse(code))


@settings(max_examples=200, deadline=None)
@given(st.lists(SENTENCES, min_size=1, max_size=5).map(" ".join))
def test_no_sentences_are_ever_taken_for_code(prose):
    with pytest.raises(AgentParsingError):
        parse_code(prose, TAGS)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_text_at_all_is_read_or_refused(text):
    try:
        found = parse_code(text, TAGS)
    except AgentParsingError:
        return
    assert found.strip()


@pytest.mark.parametrize("text", ["print(1)", "x = 1", "count: int = 0", "for i in y:\n    i", "f (1)\ng(2)"])
def test_a_program_that_does_something_is_plainly_code(text):
    assert plainly_code(text)


def test_the_closing_tag_that_was_cut_off_is_put_back():
    assert closed("I look.\n<code>\nprint(1)\n", TAGS) == "I look.\n<code>\nprint(1)\n</code>"
    assert closed("<code>\nprint(1)\n</code>", TAGS) == "<code>\nprint(1)\n</code>"
    assert closed("<Code>\nprint(1)\n</Code>", TAGS) == "<Code>\nprint(1)\n</Code>"
    assert closed("No code at all.", TAGS) == "No code at all."
    assert closed("```python\nprint(1)", MARKDOWN) == "```python\nprint(1)\n```"


# JSON mode


@pytest.mark.parametrize(
    "reply",
    [
        '{"thought": "I look.", "code": "print(1)"}',
        'Here it is: {"thought": "I look.", "code": "print(1)"} - done.',
        '```json\n{"thought": "I look.", "code": "print(1)"}\n```',
        '<think>{"no": 1}</think>{"thought": "I look.", "code": "<code>\\nprint(1)\\n</code>"}',
        '{"thought": "I look.", "code": "```python\\nprint(1)\\n```"}',
    ],
)
def test_the_code_is_taken_out_of_the_json_object(reply):
    assert parse_structured(reply) == "print(1)"


def test_line_breaks_and_think_tags_in_json_stay_in_the_code():
    assert parse_structured('{"thought": "x", "code": "a = 1\\nprint(\'</think>\')"}') == "a = 1\nprint('</think>')"
    assert parse_structured('{"thought": "x", "code": "a = 1\nb = 2"}') == "a = 1\nb = 2"


@pytest.mark.parametrize("reply", ["", "print(1)", '{"thought": "x"}', '{"code": ""}', '{"code": 3}', "[1]", "{"])
def test_a_reply_that_is_not_the_object_is_refused_with_what_it_should_be(reply):
    with pytest.raises(AgentParsingError, match="code"):
        parse_structured(reply)


def test_smolagents_users_read_code_as_an_agent_does():
    tags = ("<code>", "</code>")
    assert parse_code_blobs("I see.\n<code>\nprint(1)\n</code>", tags) == "print(1)"
    assert parse_code_blobs("```python\nprint(1)\n```", tags) == "print(1)"
    with pytest.raises(ValueError, match="To give the final answer, call it in code"):
        parse_code_blobs("The final answer is 3.", tags)


def test_smolagents_users_get_what_stands_between_tags():
    tags = ("<code>", "</code>")
    text = "<code>\na = 1\n</code> and <code>\n```python\nb = 2\n```\n</code>"
    assert extract_code_from_text(text, tags) == "a = 1\n\n```python\nb = 2\n```"
    assert extract_code_from_text("a = 1", tags) is None
