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
    rows = read_csv(f"a{delimiter}b\n1{delimiter}x\n2{delimiter}y\n")
    assert rows == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


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
