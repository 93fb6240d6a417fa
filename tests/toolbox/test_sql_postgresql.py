"""The SQL tool on a real PostgreSQL server, where one is installed."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("psycopg")
if not shutil.which("initdb") or not shutil.which("pg_ctl"):
    pytest.skip("PostgreSQL isn't installed", allow_module_level=True)

from sqlalchemy import create_engine

from actlet.toolbox.sql import SQLTool


@pytest.fixture(scope="module")
def server():
    """The URL of a server with a table of three rows, on a socket in a folder of its own."""
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL doesn't run as root
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        if user:
            shutil.chown(folder, user)
        data = f"{folder}/data"
        run = {
            "user": user,
            "cwd": folder,
            "check": True,
            "stdout": subprocess.DEVNULL,
            "env": {**os.environ, "LC_ALL": "C"},
        }
        subprocess.run(["initdb", "-D", data, "-U", "me", "-A", "trust", "-E", "UTF8", "--no-sync"], **run)
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        subprocess.run(["pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start"], **run)
        try:
            url = f"postgresql+psycopg://me@/postgres?host={folder}"
            engine = create_engine(url)
            with engine.begin() as connection:
                connection.exec_driver_sql("create table person(id serial primary key, name text, pay numeric)")
                connection.exec_driver_sql(
                    "insert into person(name, pay) values ('Ann', 1), ('Bob', 2), ('Eve', 3)"
                )
            engine.dispose()
            yield url
        finally:
            subprocess.run(["pg_ctl", "-D", data, "-m", "immediate", "stop"], **run)


@pytest.fixture(scope="module")
def tool(server):
    tool = SQLTool(server, timeout=1)
    yield tool
    tool.engine.dispose()


def test_rows_come_back_and_tables_are_described(tool):
    assert tool(query="select name from person where name like 'A%' order by 1;") == [{"name": "Ann"}]
    assert "person(id INTEGER PRIMARY KEY, name TEXT, pay NUMERIC)" in tool.description
    assert tool(query="explain select 1")
    assert tool(query="show server_version")


@pytest.mark.parametrize(
    "query",
    [
        "insert into person(name) values ('Dan')",
        "with gone as (delete from person returning id) select * from gone",
        "explain analyze delete from person",
        "select 1; commit; delete from person",
        "select 'it\\'; commit; drop table person; --'",
        "commit",
        "set transaction read write",
        "create table x(a int)",
        "select * into x from person",
        "copy person to '/tmp/actlet-copy'",
        "copy person to program 'true'",
        "select nextval('person_id_seq')",
        "select set_config('transaction_read_only', 'off', false)",
        "do $$ begin delete from person; end $$",
        "/* select */ delete from person",
    ],
)
def test_nothing_can_be_written(tool, query):
    with pytest.raises(ValueError, match=r"only reads|one statement|read-only|read-write"):
        tool(query=query)
    assert tool(query="select count(*) as n from person") == [{"n": 3}]


def test_what_a_function_writes_is_rolled_back(tool):
    tool(query="select lo_create(0)")  # PostgreSQL 15 allows it in a READ ONLY transaction
    assert tool(query="select count(*) as n from pg_largeobject_metadata") == [{"n": 0}]


def test_settings_of_one_query_do_not_outlive_it(tool):
    tool(query="select set_config('statement_timeout', '0', false)")
    with pytest.raises(ValueError, match="timeout"):
        tool(query="select pg_sleep(30)")


def test_a_wrong_name_is_answered_with_the_tables(tool):
    with pytest.raises(ValueError, match=r"does not exist(.|\n)*person\(id"):
        tool(query="select * from people")


def test_a_tool_that_may_write_writes(server, tool):
    writer = SQLTool(server, read_only=False)
    assert writer(query="insert into person(name, pay) values ('Tmp', 9)") == [{"rows_changed": 1}]
    assert tool(query="select count(*) as n from person") == [{"n": 4}]
    assert writer(query="delete from person where name = 'Tmp'") == [{"rows_changed": 1}]
    writer.engine.dispose()


def test_no_server_is_an_error_that_says_so(tmp_path: Path):
    with pytest.raises(ValueError, match="can't read the tables"):
        SQLTool(f"postgresql+psycopg://me@/postgres?host={tmp_path}")
