import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actlet.toolbox.table_statistics import TableStatisticsTool, read_csv

CSV = "city,temp,note\nRome,30,\nOslo,10.5,cold\nRome,28,NA\n"


def test_numbers_and_texts_each_get_their_figures():
    figures = TableStatisticsTool()(table=CSV)
    assert figures["rows"] == 3
    assert figures["columns"]["temp"]["median"] == 28
    assert figures["columns"]["temp"]["max"] == 30
    assert figures["columns"]["city"] == {
        "count": 3,
        "missing": 0,
        "distinct": 2,
        "most_common": {"Rome": 2, "Oslo": 1},
    }
    assert figures["columns"]["note"]["missing"] == 2


def test_group_by_gives_each_group_its_figures():
    figures = TableStatisticsTool()(table=CSV, columns=["temp"], group_by="city")
    assert figures["Rome"]["columns"]["temp"]["mean"] == 29
    assert figures["Oslo"]["rows"] == 1
    assert figures["Oslo"]["columns"]["temp"]["std"] is None


def test_a_file_in_the_folder_is_read_and_one_outside_is_not(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "t.csv").write_text(CSV)
    (tmp_path / "out.csv").write_text(CSV)
    (tmp_path / "in" / "link.csv").symlink_to(tmp_path / "out.csv")
    tool = TableStatisticsTool(tmp_path / "in")
    assert tool(table="t.csv")["rows"] == 3
    assert tool(table=str(tmp_path / "in" / "t.csv"))["rows"] == 3
    for path in ("../out.csv", str(tmp_path / "out.csv"), "link.csv"):
        with pytest.raises(ValueError, match="outside"):
            tool(table=path)
    with pytest.raises(ValueError, match="no file"):
        tool(table="missing.csv")


def test_a_column_that_is_not_there_is_an_error_that_lists_those_that_are():
    with pytest.raises(ValueError, match="its columns: city, temp, note"):
        TableStatisticsTool()(table=CSV, group_by="town")


def test_what_is_no_table_is_an_error():
    with pytest.raises(ValueError, match="a list of dicts"):
        TableStatisticsTool()(table=3)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_is_read_with_any_usual_delimiter(delimiter):
    table = read_csv(f"a{delimiter}b\n1{delimiter}x\n2{delimiter}y\n")
    assert table.rows == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50))
def test_the_figures_are_those_of_the_statistics_module(numbers):
    figures = TableStatisticsTool()(table=[{"x": n} for n in numbers])["columns"]["x"]
    assert figures["mean"] == statistics.fmean(numbers)
    assert figures["std"] == statistics.stdev(numbers)
    assert figures["median"] == pytest.approx(statistics.median(numbers))
    assert (figures["min"], figures["max"]) == (min(numbers), max(numbers))


def test_a_data_frame_gives_the_figures_that_pandas_gives():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": [1, 2, 4, None], "y": list("aabb")})
    figures = TableStatisticsTool()(table=frame)["columns"]["x"]
    described = frame["x"].describe()
    for ours, theirs in [("mean", "mean"), ("std", "std"), ("q25", "25%"), ("median", "50%"), ("q75", "75%")]:
        assert figures[ours] == pytest.approx(described[theirs])
    assert (figures["count"], figures["missing"]) == (3, 1)


@pytest.mark.parametrize(
    "as_table", [lambda rows: "a\n" + "\n".join(map(str, rows)), lambda rows: [{"a": n} for n in rows]]
)
def test_infinite_numbers_are_numbers(as_table):
    figures = TableStatisticsTool()(table=as_table([1, 2, 3, float("inf"), float("inf")]))["columns"]["a"]
    assert (figures["sum"], figures["mean"], figures["std"], figures["max"]) == (math.inf, math.inf, None, math.inf)
    assert (figures["min"], figures["q25"], figures["median"], figures["q75"]) == (1, 2, 3, math.inf)
    figures = TableStatisticsTool()(table=as_table([float("-inf"), 0, float("inf")]))["columns"]["a"]
    assert math.isnan(figures["mean"])
    assert (figures["q25"], figures["median"], figures["q75"]) == (-math.inf, 0, math.inf)


@pytest.mark.parametrize("numbers", [[10**400, 1], [1e308, 1e308, 1e308]])
def test_numbers_that_are_too_large_to_add_up_are_an_error_that_names_the_column(numbers):
    rows = [{"name": "x", "stars": number} for number in numbers]
    with pytest.raises(ValueError, match="the column 'stars' are too large"):
        TableStatisticsTool()(table=rows)
    assert TableStatisticsTool()(table=rows, columns=["name"])["rows"] == len(numbers)


def test_of_columns_of_one_name_none_is_lost():
    pandas = pytest.importorskip("pandas")
    for table in ("a,a,a_2\n1,2,3\n4,5,6\n", pandas.DataFrame([[1, 2, 3], [4, 5, 6]], columns=["a", "a", "a_2"])):
        columns = TableStatisticsTool()(table=table)["columns"]
        assert {name: column["sum"] for name, column in columns.items()} == {"a": 5, "a_3": 7, "a_2": 9}


def test_a_table_without_rows_has_its_columns():
    pandas = pytest.importorskip("pandas")
    for table in ("a,b\n", pandas.DataFrame(columns=["a", "b"])):
        figures = TableStatisticsTool()(table=table)
        assert (figures["rows"], list(figures["columns"])) == (0, ["a", "b"])
        assert TableStatisticsTool()(table=table, columns=["b"], group_by="a") == {}


def test_the_mark_at_the_beginning_of_a_text_belongs_to_no_name():
    assert list(TableStatisticsTool()(table="\ufeffa,b\n1,2\n")["columns"]) == ["a", "b"]


def test_rows_are_grouped_by_values_of_any_kind():
    rows = [{"g": [1], "v": 1}, {"g": [1], "v": 2}, {"g": math.nan, "v": 3}, {"v": 4}, {"g": float("nan"), "v": 5}]
    groups = TableStatisticsTool()(table=rows, group_by="g")
    assert {group: figures["columns"]["v"]["sum"] for group, figures in groups.items()} == {"[1]": 3, None: 12}


def test_short_and_long_rows_of_a_csv_are_read_as_far_as_there_are_columns():
    assert read_csv("a,b\n1\n\n1,2,3\n").rows == [{"a": 1, "b": None}, {"a": 1, "b": 2}]


def test_values_that_can_not_be_compared_are_no_trouble():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": pandas.array([1, None], dtype="Int64"), "b": [pandas.Series([1, 2]), "x"]})
    columns = TableStatisticsTool()(table=frame)["columns"]
    assert (columns["a"]["sum"], columns["a"]["missing"], columns["b"]["count"]) == (1, 1, 2)
