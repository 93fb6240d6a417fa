import sqlite3
import threading
import time
from pathlib import Path

import pytest

sqlalchemy = pytest.importorskip("sqlalchemy")

from actlet import CodeAgent  # noqa: E402
from actlet.testing import ScriptedModel  # noqa: E402
from actlet.toolbox.sql import SQLTool  # noqa: E402


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "create table dept(id integer primary key, name text not null);"
            "create table person(id integer primary key, name text, dept_id integer references dept(id), pay real);"
            "create index by_name on person(name);"
            "insert into dept values (1, 'Sales'), (2, 'Tech');"
            "insert into person values (1, 'Ann', 1, 10.5), (2, 'Bob', 2, 20), (3, 'Eve', 2, 30);"
        )
    connection.close()
    return path


@pytest.fixture
def tool(database):
    return SQLTool(f"sqlite:///{database}", max_rows=100, timeout=0.5)


def test_rows_come_back_as_dicts(tool):
    rows = tool(query="select d.name, sum(pay) as pay from person p join dept d on d.id = p.dept_id group by 1;")
    assert rows == [{"name": "Sales", "pay": 10.5}, {"name": "Tech", "pay": 50.0}]


def test_the_model_is_told_the_tables(tool):
    assert "dept(id INTEGER PRIMARY KEY, name TEXT)" in tool.description
    assert "dept_id INTEGER -> dept.id" in tool.description
    assert "def sql(query: str)" in tool.to_code_prompt()


def test_columns_of_one_name_are_all_there(tool):
    rows = tool(query="select p.id, d.id from person p join dept d on d.id = p.dept_id limit 1")
    assert rows == [{"id": 1, "id_2": 1}]


def test_a_numbered_column_takes_the_name_of_no_other(tool):
    rows = tool(query="select 1 as id, 2 as id, 3 as id_2, 4 as id")
    assert rows == [{"id": 1, "id_3": 2, "id_2": 3, "id_4": 4}]


def test_text_with_colons_percents_and_semicolons_is_passed_as_it_is(tool):
    assert tool(query="select ':x %s 12:30; --' as t") == [{"t": ":x %s 12:30; --"}]


@pytest.mark.parametrize(
    "query",
    [
        "insert into dept values (3, 'New')",
        "with x as (select 1) delete from person",
        "update person set pay = 0",
        "drop table person",
        "create table x(a)",
        "create temp table x(a)",
        "attach database '/tmp/actlet-attached.db' as other",
        "vacuum into '/tmp/actlet-vacuum.db'",
        "pragma query_only = off",
        "pragma user_version = 7",
        "pragma writable_schema = 1",
        "begin",
        "reindex",
        "analyze",
        "select 1; delete from person",
        "select load_extension('x')",
        "insert into person select * from person returning id",
    ],
)
def test_nothing_can_be_written(tool, database, query):
    before = database.read_bytes()
    with pytest.raises(ValueError, match=r"only reads|one statement"):
        tool(query=query)
    assert database.read_bytes() == before
    assert tool(query="select count(*) as n from person") == [{"n": 3}]


def test_what_only_reads_about_the_database_is_let_through(tool):
    assert [row["name"] for row in tool(query="pragma table_info(dept)")] == ["id", "name"]
    assert tool(query="select name from sqlite_master where type = 'table'") == [
        {"name": "dept"},
        {"name": "person"},
    ]
    assert tool(query="explain query plan select * from dept")


def test_read_only_says_so(tool):
    with pytest.raises(ValueError, match="this tool only reads"):
        tool(query="delete from person")


def test_a_tool_that_may_write_writes(database):
    writer = SQLTool(f"sqlite:///{database}", read_only=False)
    assert writer(query="update person set pay = 1 where dept_id = 2") == [{"rows_changed": 2}]
    assert SQLTool(f"sqlite:///{database}")(query="select sum(pay) as s from person") == [{"s": 12.5}]


def test_a_statement_that_changes_no_rows_tells_of_none(database):
    writer = SQLTool(f"sqlite:///{database}", read_only=False)
    assert writer(query="create table more(a)") == []
    assert writer(query="delete from more") == [{"rows_changed": 0}]


def test_a_wrong_name_is_answered_with_the_tables(tool):
    with pytest.raises(ValueError, match=r"no such table: people\n(.|\n)*person\(id"):
        tool(query="select * from people")


def test_too_many_rows_are_an_error_and_not_a_part_of_the_truth(database):
    with pytest.raises(ValueError, match="more than 2 rows: aggregate in SQL, or add a LIMIT"):
        SQLTool(f"sqlite:///{database}", max_rows=2)(query="select * from person")


def test_a_query_that_never_ends_is_ended(tool):
    started = time.monotonic()
    with pytest.raises(ValueError, match=r"longer than 0\.5 seconds"):
        tool(query="with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n")
    assert time.monotonic() - started < 5
    assert tool(query="select 1 as one") == [{"one": 1}]


def test_a_file_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(ValueError, match="no database file"):
        SQLTool(f"sqlite:///{tmp_path}/missing.db")
    assert not (tmp_path / "missing.db").exists()


def test_the_users_own_engine_is_left_as_it_was(database):
    engine = sqlalchemy.create_engine(f"sqlite:///{database}")
    tool = SQLTool(engine)
    with pytest.raises(ValueError, match="only reads"):
        tool(query="delete from person")
    with engine.begin() as connection:
        connection.exec_driver_sql("insert into dept values (9, 'New')")
    assert tool(query="select count(*) as n from dept") == [{"n": 3}]


def test_one_connection_shared_by_threads_stays_read_only():
    engine = sqlalchemy.create_engine(
        "sqlite://", poolclass=sqlalchemy.pool.StaticPool, connect_args={"check_same_thread": False}
    )
    with engine.begin() as connection:
        connection.exec_driver_sql("create table t(x integer)")
    tools = [SQLTool(engine), SQLTool(engine)]
    slow = "with recursive n(i) as (select 1 union all select i + 1 from n limit 20000) select max(i) as m from n"
    refused: list[bool] = []

    def work(number: int) -> None:
        tool = tools[number % 2]
        for _ in range(10):
            assert tool(query=slow) == [{"m": 20000}]
            try:
                tool(query="insert into t values (1)")
            except ValueError:
                refused.append(True)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 40
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from t").scalar() == 0


def test_an_engine_that_gives_each_thread_a_database_of_its_own_is_refused_with_the_remedy():
    engine = sqlalchemy.create_engine("sqlite:///:memory:")
    with engine.begin() as connection:
        connection.exec_driver_sql("create table t(x integer)")
    with pytest.raises(ValueError, match=r"each thread an empty database.*poolclass=StaticPool"):
        SQLTool(engine)


def test_an_engine_that_finds_one_database_for_all_threads_is_taken(database):
    of_a_file = sqlalchemy.create_engine("sqlite://", creator=lambda: sqlite3.connect(database))
    assert SQLTool(of_a_file)(query="select count(*) as n from dept") == [{"n": 2}]
    url, pool = "sqlite:///file:shop?mode=memory&cache=shared&uri=true", sqlalchemy.pool.SingletonThreadPool
    shared = sqlalchemy.create_engine(url, poolclass=pool)
    with shared.begin() as connection:
        connection.exec_driver_sql("create table t(x integer)")
        connection.exec_driver_sql("insert into t values (7)")
    assert in_an_agent(SQLTool(shared), "select x from t") == [{"x": 7}]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_the_same_for_every_call_of_an_agent(url):
    tool = SQLTool(url, read_only=False)
    tool(query="create table t(x integer)")
    tool(query="insert into t values (7)")
    assert in_an_agent(tool, "select x from t") == [{"x": 7}]


def in_an_agent(tool, query):
    model = ScriptedModel([f"<code>\nfinal_answer(sql({query!r}))\n</code>"])
    return CodeAgent([tool], model, verbosity_level=-1, max_steps=1).run("Go.")


@pytest.mark.parametrize("as_given", [str, Path])
def test_the_path_of_a_file_is_answered_with_its_url(as_given):
    with pytest.raises(ValueError, match=r"'t\.db' is no SQLAlchemy URL; .*'sqlite:///t\.db'"):
        SQLTool(as_given("t.db"))


def test_a_database_that_no_guard_can_hold_is_not_offered_as_read_only():
    class Dialect:
        name = "oracle"

    class Engine:
        dialect = Dialect()

    with pytest.raises(ValueError, match="read_only=False"):
        SQLTool(Engine())


def test_many_tables_are_cut_and_still_named(tmp_path):
    path = tmp_path / "wide.db"
    with sqlite3.connect(path) as connection:
        for number in range(300):
            connection.execute(f"create table table_{number:03}(a integer, b integer, c integer, d text)")
    connection.close()
    description = SQLTool(f"sqlite:///{path}").description
    assert len(description) < 15_000
    assert "table_000(a INTEGER" in description
    assert "table_299" in description
