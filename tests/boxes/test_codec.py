"""Values on their way between host and box, and frames that somebody made to hurt."""

import contextlib
import datetime
import enum
import json
import math
import subprocess
import sys
import textwrap
import uuid
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy
import pandas
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from actlet.execution import kernel
from actlet.execution.kernel import LIBRARIES, Codec, CrossError, FrameError, Limits, Record, frame, read_frame


def codec(**limits) -> Codec:
    made = Codec(Limits(**limits))
    made.takes = frozenset(LIBRARIES)
    return made


def across(value, sender=None, receiver=None):
    """The value after it has crossed, by way of real frames."""
    sender, receiver, blobs = sender or codec(), receiver or codec(), []
    node = sender.encode(value, blobs)
    data = b"".join(bytes(piece) for piece in frame({"is": "value", "value": node}, blobs))
    message, received = read_frame(reader(data))
    return receiver.decode(message["value"], received)


def reader(data: bytes):
    rest = bytearray(data)

    def read(size):
        if size > len(rest):
            raise EOFError
        taken = rest[:size]
        del rest[:size]
        return taken

    return read


def framed(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return len(data).to_bytes(4, "big") + data


hashable = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
    | st.dates() | st.datetimes() | st.times() | st.timedeltas() | st.fractions() | st.uuids()
    | st.decimals(allow_nan=False) | st.complex_numbers(allow_nan=False),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
values = st.recursive(
    hashable,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(hashable, inner, max_size=4) | st.sets(hashable, max_size=3)
    ),
    max_leaves=20,
)


def same(a, b) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@given(values)
def test_plain_values_come_across_as_they_are(value):
    assert same(across(value), value)


@given(values)
def test_what_looks_like_a_tag_is_data(value):
    for data in (["list", value], {"is": "done", "blobs": [1]}, ["handle", 1, "a", "b"], {"__type__": "Path"}):
        assert same(across(data), data)


@pytest.mark.parametrize("text", ["\0", "\\ud800", "\\\\ud83d", "😀\\", "ü" * 5000], ids=range(5))
def test_any_text_comes_across(text):
    assert across(text) == text


@pytest.mark.parametrize("half", [chr(0xD800), chr(0xDFFF)], ids=["first", "second"])
def test_halves_of_characters_which_no_file_takes_come_across_as_marks(half):
    for text in (half, f"\\{half}😀{half}", half * 5000, [half], {half: 1}):
        shown = str(across(text))
        assert "\ufffd" in shown
        shown.encode("utf-8")
    assert across(f"\\{half}😀") == "\\\ufffd😀"


def test_keys_that_all_have_one_hash_are_refused_and_ordinary_ones_are_not():
    prime = 2**61 - 1
    with pytest.raises(FrameError, match="hashes"):
        across({number * prime: 0 for number in range(5_000)} | dict.fromkeys(range(20_000)))
    assert len(across(dict.fromkeys(range(-5_000, 20_000)))) == 25_000


def test_a_message_of_too_many_blobs_is_not_sent_and_not_read():
    many = [b""] * 101
    with pytest.raises(CrossError, match="101"):
        frame({"is": "value"}, many, Limits(blobs=100))
    with pytest.raises(FrameError, match="101"):
        read_frame(reader(b"".join(frame({"is": "value"}, many))), Limits(blobs=100))


def test_floats_that_json_does_not_have_come_across():
    assert math.isnan(across(math.nan))
    assert [across(math.inf), across(-math.inf), across(10**4000)] == [math.inf, -math.inf, 10**4000]


def test_enums_are_their_values_and_subclasses_plain():
    colour = enum.Enum("Colour", "RED")

    class Text(str):
        def __str__(self):
            raise SystemExit

        __repr__ = __format__ = __getitem__ = __str__

    class Lying(dict):
        def items(self):
            raise SystemExit

        keys = values = __iter__ = __len__ = items

    assert across([colour.RED, Text("a"), Lying(a=1)]) == [1, "a", {"a": 1}]


def test_dataclasses_and_models_are_records():
    @dataclass
    class Point:
        x: int
        y: list

    class Model(pydantic.BaseModel):
        name: str
        inner: dict = {}

    point, model = across([Point(1, [2]), Model(name="a")])
    assert (point.x, point.y, repr(point)) == (1, [2], "Point(x=1, y=[2])")
    assert (vars(model), point) == ({"name": "a", "inner": {}}, Record("Point", {"x": 1, "y": [2]}))
    assert across(point) == point


def test_a_path_from_inside_is_text_and_from_the_host_a_path():
    assert across(Path("/etc/passwd")) == "/etc/passwd"
    assert across(Path("a"), receiver=Codec(trusting=True)) == Path("a")


@pytest.mark.parametrize("kind", ["?", "i1", "u8", "f2", "f8", "c16", "M8[ns]", "m8[us]", "S3", "U2", ">i4"])
@pytest.mark.parametrize("shape", [(), (0,), (6,), (2, 3), (0, 3), (1, 2, 3)])
def test_arrays_come_across(kind, shape):
    array = numpy.zeros(shape, kind)
    if array.size and kind[0] not in "Mm":
        array.flat[0] = 1
    for version in (array, array.T, array[..., :1] if array.ndim else array):
        got = across(version)
        assert (got.dtype, got.shape) == (version.dtype, version.shape)
        assert numpy.array_equal(got, version)
        assert got.flags.writeable or not got.size
    if array.size:
        assert across(array.flat[0]) == array.flat[0]
        assert type(across(array.reshape(-1)[0])) is type(array.reshape(-1)[0])


def test_arrays_of_objects_come_across():
    array = numpy.array([[1, "a"], [None, 2.5]], dtype=object)
    assert numpy.array_equal(across(array), array)


TABLES = {
    "mixed": pandas.DataFrame({"a": [1, 2], "b": [1.5, None], "c": ["x", None], "d": [True, False]}),
    "empty": pandas.DataFrame(),
    "no rows": pandas.DataFrame({"a": []}),
    "times": pandas.DataFrame({"t": pandas.to_datetime(["2020-01-01", None]), "s": pandas.to_timedelta([1, 2])}),
    "zones": pandas.DataFrame({"t": pandas.to_datetime(["2020-01-01", None], utc=True)}),
    "categories": pandas.DataFrame({"c": pandas.Categorical(["a", "b", None], ["b", "a"], ordered=True)}),
    "nullable": pandas.DataFrame(
        {"n": pandas.array([1, None], "Int64"), "b": pandas.array([True, None], "boolean")}
    ),
    "labels": pandas.DataFrame({"a": [1, 2]}, index=pandas.Index(["x", "y"], name="key")),
    "twice": pandas.DataFrame([[1, 2.5]], columns=["a", "a"]),
    "levels": pandas.DataFrame(
        {"a": [1, 2]}, index=pandas.MultiIndex.from_tuples([(1, "x"), (2, "y")], names=["n", "s"])
    ),
    "dates": pandas.DataFrame({"a": [1, 2]}, index=pandas.date_range("2020-01-01", periods=2, freq=None)),
    "many texts": pandas.DataFrame({"a": [f"text {n}" for n in range(1000)] + [None, ""]}),
    "zeros in texts": pandas.DataFrame({"a": ["a\0b"] * 100}),
    "objects": pandas.DataFrame({"a": [[1], {"b": 2}, (3,)]}),
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_tables_come_across(table):
    pandas.testing.assert_frame_equal(across(table), table, check_freq=False)
    for name in table.columns[:1]:
        if not isinstance(table[name], pandas.DataFrame):
            pandas.testing.assert_series_equal(across(table[name]), table[name], check_freq=False)


def test_images_come_across():
    for mode in ("1", "L", "RGB", "RGBA"):
        image = Image.new(mode, (5, 3), 1)
        got = across(image)
        assert (got.mode, got.size, got.tobytes()) == (mode, (5, 3), image.tobytes())
    assert across(Image.new("P", (2, 2))).mode == "RGBA"


def test_what_the_other_side_has_no_library_for_stays():
    sender = Codec()
    assert "ndarray" in repr(across(numpy.zeros(2), sender=sender))


def test_a_handle_gives_its_owner_the_object_and_nobody_else_anything():
    ours, theirs, thing = codec(), codec(), object()
    handle = across([thing], ours, theirs)[0]
    assert "object that stayed outside" in repr(handle)
    with pytest.raises(AttributeError):
        handle.secret  # noqa: B018
    assert across({"a": handle}, theirs, ours)["a"] is thing
    ours.forget()
    with pytest.raises(FrameError, match="no object"):
        across(handle, theirs, ours)


def test_the_same_list_twice_is_two_lists_and_itself_an_error():
    inner = [1]
    one, two = across([inner, inner])
    assert one == two == [1]
    assert one is not two
    inner.append(inner)
    with pytest.raises(CrossError, match="contains itself"):
        across(inner)


def test_what_is_too_much_says_so():
    deep = []
    for _ in range(100):
        deep = [deep]
    bomb = [1]
    for _ in range(40):
        bomb = [bomb, bomb]
    for value, words in ((deep, "60 deep"), (bomb, "values"), (10**20_000, "digits"), ([0] * 3_000_000, "values")):
        with pytest.raises(CrossError, match=words):
            across(value)
    with pytest.raises(CrossError, match="pixels"):
        across(Image.new("1", (20_000, 20_000)))
    with pytest.raises(CrossError, match="too large to send: "):
        frame({"is": "x"}, [b"a" * 1001], Limits(message=1000))


HOSTILE_FRAMES = {
    "list": "[]", "number": "5", "no kind": "{}", "NaN": "NaN", "text": '"x"', "null": "null", "kind": '{"is": 1}',
    "NaN inside": '{"is": "done", "n": NaN}', "digits": '{"is": "done", "n": ' + "9" * 6000 + "}",
    "deep": "[" * 200_000, "deep object": '{"is":' * 100_000, "latin": b"\xff\xfe", "empty": "",
    "sizes": '{"is": "x", "blobs": [-1]}', "sizes kind": '{"is": "x", "blobs": {"a": 1}}', "bool": '{"is": "x", "blobs": [true]}',
    "huge blob": '{"is": "x", "blobs": [4000000000000]}', "sum": '{"is": "x", "blobs": [400000000, 400000000]}',
    "pickle": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE_FRAMES.values(), ids=HOSTILE_FRAMES)
def test_a_hostile_frame_is_refused(text):
    with pytest.raises(FrameError):
        read_frame(reader(framed(text)))


def test_a_header_without_end_is_refused_before_it_is_read():
    with pytest.raises(FrameError, match="the limit is"):
        read_frame(reader(b"\xff\xff\xff\xff"))


HOSTILE_VALUES = {
    "dict": {"a": 1}, "no tag": [], "number tag": [1], "unknown": ["pickle", "x"], "unhashable": ["dict", ["list"], 1],
    "odd": ["dict", 1], "set": ["set", ["list"]], "int": ["int", "z"], "digits": ["int", "f" * 100_000],
    "int kind": ["int", 5], "float": ["float", "x"], "blob": ["bytes", 0], "negative": ["bytes", -1], "text": ["text", "0"],
    "handle": ["handle", "x", 1, 2], "own": ["own", 7], "own kind": ["own", ["list"]], "record": ["record", 1, ["dict"]],
    "record key": ["record", "A", ["dict", 1, 2]], "date": ["date", "tomorrow"], "timedelta": ["timedelta", 1e300, 0, 0],
    "decimal": ["decimal", "1E999999999999"], "fraction": ["fraction", 1, 0], "uuid": ["uuid", "x"], "path": ["path", 1],
    "huge text array": ["array", "<U400000000", [1], False, 0], "object array": ["array", "|O", [1], False, 0],
    "void": ["array", "|V8", [1], False, 0], "shape": ["array", "<f8", [-1], False, 0], "fields": ["array", "f8,i4", [1], False, 0],
    "huge shape": ["array", "<f8", [1 << 39, 1 << 39], False, 0], "scalar": ["scalar", "<f8", "00"],
    "huge scalar": ["scalar", "<U99999999", ""], "objects": ["objects", [1000000], ["list", 1]],
    "texts": ["texts", 10, [], 0], "image": ["image", "RGB", 10**6, 10**6, 0], "mode": ["image", "P", 1, 1, 0],
    "frame": ["frame", 1, 2, 3], "lengths": ["frame", ["steps", 0, 1, 1, None], ["steps", 0, 10**9, 1, None], [["array", "<f8", [0], False, 0]]],
    "index": ["index", ["levels", []]], "range": ["range", 1, 2, 0], "range kind": ["range", "a"],
    "complex": ["complex", "1", 2], "missing parts": ["array"], "method": ["items", 1], "any": ["any", 1], "blob tag": ["blob", 0],
}  # fmt: skip


@pytest.mark.parametrize("node", HOSTILE_VALUES.values(), ids=HOSTILE_VALUES)
def test_a_hostile_value_is_refused(node):
    with pytest.raises(FrameError):
        codec().decode(node, [])


def test_a_deep_value_is_refused():
    node = ["list"]
    for _ in range(5000):
        node = ["list", node]
    with pytest.raises(FrameError):
        codec().decode(node, [])


def test_a_blob_is_used_once():
    with pytest.raises(FrameError, match="used already"):
        codec().decode(["list", ["bytes", 0], ["bytes", 0]], [bytearray(1)])


def test_keys_with_the_same_hash_are_refused():
    keys = [["int", format(n * (2**61 - 1), "x")] for n in range(1, 5000)]
    with pytest.raises(FrameError, match="hashes"):
        codec().decode(["set", *keys], [])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.tuples(st.sampled_from(sorted(__import__("actlet.execution.kernel", fromlist=["x"])._TAGS)), inner, inner, inner).map(list)
    | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=15,
)  # fmt: skip


@settings(max_examples=300)
@given(json_values)
def test_any_json_is_a_value_or_refused(node):
    with contextlib.suppress(FrameError):
        codec().decode(json.loads(json.dumps(node)), [bytearray(16), bytearray(b"a\0b")])


@given(st.binary(max_size=60))
def test_any_bytes_are_a_frame_or_refused(data):
    with contextlib.suppress(FrameError, EOFError):
        read_frame(reader(data))


def test_times_of_a_zone_keep_their_moment():
    moment = datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    assert across(moment) == moment
    assert across([uuid.UUID(int=1), Decimal("NaN").is_nan(), Fraction(1, 3)]) == [
        uuid.UUID(int=1),
        True,
        Fraction(1, 3),
    ]


def test_what_is_no_json_is_told_as_such_where_nobody_has_imported_json():
    """CPython 3.10 and 3.11 look for the class of that error in a module that may not be there."""
    program = """
        import sys
        from importlib.machinery import SourceFileLoader
        from types import ModuleType

        kernel = ModuleType("kernel")
        exec(SourceFileLoader("kernel", sys.argv[1]).get_code("kernel"), vars(kernel))
        assert not {"json", "json.decoder", "re"} & set(sys.modules)
        for broken in b'{"is"', b'{"is": "a"} x', b"", b"[NaN]", b'{"is": "a", "b": [}':
            came = [len(broken).to_bytes(4, "big"), broken]
            try:
                print("no error", kernel.read_frame(lambda size: bytearray(came.pop(0))))
            except kernel.FrameError:
                continue
        """
    command = [sys.executable, "-I", "-S", "-c", textwrap.dedent(program), kernel.__file__]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
