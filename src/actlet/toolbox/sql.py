"""`SQLTool`: queries over a database, by SQLAlchemy.

Read-only unless told otherwise, and held to it by the database itself, not by looking for words (`sql_guards.py`
says how, and for which databases). Every call is one statement in a transaction of its own.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError
from ..tools import Tool
from .columns import distinct
from .sql_guards import Guard, guard_for

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

Rows = list[dict[str, Any]]

_IN_MEMORY = (None, "", ":memory:")

MOST_DESCRIBED = 6_000
"""Characters of the description that the tables may take."""


class SQLTool(Tool):
    """Runs one SQL statement and returns its rows, as dicts.

    `database` is a SQLAlchemy URL or engine. An engine must find the same database from every thread: one of SQLite
    in memory does so with a `StaticPool`, and otherwise raises `ValueError`. With `read_only` nothing can be
    written: for SQLite, PostgreSQL, MySQL and MariaDB; other databases raise `ValueError` unless `read_only=False`.
    A query that gives more than `max_rows` rows fails, as does one that takes longer than `timeout` seconds. The
    tables are described to the model; making the tool connects to read them. Raises `MissingExtraError` without
    SQLAlchemy.
    """

    name = "sql"
    inputs = {"query": {"type": "string", "description": "one SQL statement"}}
    output_type = "array"

    def __init__(
        self, database: str | Engine, *, read_only: bool = True, max_rows: int = 1_000, timeout: float = 30
    ) -> None:
        super().__init__()
        self.engine = _engine(database, read_only)
        self.read_only, self.max_rows, self.query_timeout = read_only, max_rows, timeout
        self.timeout = timeout + 10  # the database ends a query; this ends the call when the database is gone
        self.idempotent = read_only
        self._guard: Guard = guard_for(self.engine.dialect.name, read_only)
        _check_for_all_threads(self.engine)
        reads = "Runs one SQL query (read-only)" if read_only else "Runs one SQL statement"
        self.description = (
            f"{reads} on a {self.engine.dialect.name} database. Returns the rows as a list of dicts, at most "
            f"{max_rows}.\n{self.tables()}"
        )

    def forward(self, query: str) -> list[dict[str, Any]]:
        """The rows; for a statement that gives none, how many it changed, where the database counts them.

        Raises `ValueError` with the database's own words, and the tables where a name was wrong.
        """
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self.engine.connect() as connection:
                return self._run(connection, query)
        except SQLAlchemyError as error:
            raise ValueError(self._explained(error)) from error

    def tables(self) -> str:
        """The tables and their columns, one table a line; cut where they are many."""
        from sqlalchemy import inspect
        from sqlalchemy.exc import SQLAlchemyError

        try:
            inspector = inspect(self.engine)
            names = [*inspector.get_table_names(), *inspector.get_view_names()]
            lines = [f"{name}({_columns(inspector, name)})" for name in names]
        except SQLAlchemyError as error:
            raise ValueError(f"can't read the tables of {self.engine.url!r}: {error}") from error
        text = "\n".join(lines)
        if len(text) > MOST_DESCRIBED:
            shown = text[:MOST_DESCRIBED].count("\n")
            text = "\n".join([*lines[:shown], f"and {', '.join(names[shown:])}"[:MOST_DESCRIBED]])
        return f"Tables:\n{text}" if lines else "It has no tables."

    def _run(self, connection: Connection, query: str) -> Rows:
        statement = self._guard.checked(query)
        with self._guard.held(connection, self.query_timeout):
            # The driver gets the text as it is: no bound parameters are looked for in it.
            result = connection.execution_options(no_parameters=True).exec_driver_sql(statement)
            rows = self._rows(result) if result.returns_rows else _changed(result.rowcount)
            if self.read_only:
                connection.rollback()
            else:
                connection.commit()
        return rows

    def _rows(self, result: Any) -> Rows:
        names = distinct(list(result.keys()))
        rows = result.fetchmany(self.max_rows + 1)
        if len(rows) > self.max_rows:
            raise ValueError(f"the query gives more than {self.max_rows} rows: aggregate in SQL, or add a LIMIT")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _explained(self, error: Any) -> str:
        message = str(getattr(error, "orig", None) or error).strip()
        if message == "interrupted":
            message = f"the query took longer than {self.query_timeout} seconds"
        if "not authorized" in message or "prohibited" in message or message == "authorization denied":
            message = f"{message}: this tool only reads"
        unknown = any(
            words in message.lower() for words in ("no such", "does not exist", "doesn't exist", "unknown")
        )
        return f"{message}\n{self.tables()}" if unknown else message


def _engine(database: Any, read_only: bool) -> Engine:
    try:
        from sqlalchemy import StaticPool, create_engine, make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError as error:
        raise MissingExtraError("SQLTool", "sql") from error
    if not isinstance(database, (str, os.PathLike)):
        engine: Engine = database
        return engine
    try:
        url = make_url(os.fspath(database))
    except ArgumentError as error:
        shown = "..." if "@" in str(database) else str(database)  # there may be a password in it
        raise ValueError(f"{shown!r} is no SQLAlchemy URL; that of a SQLite file is 'sqlite:///{shown}'") from error
    if url.get_backend_name() != "sqlite":
        return create_engine(url)
    if url.database in _IN_MEMORY:
        return create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    if read_only:
        _check_file(url.database)
    return create_engine(url)


def _check_for_all_threads(engine: Engine) -> None:
    """Raise `ValueError` for an engine that gives each thread a database of its own, in memory: calls come from
    other threads than the one that filled it."""
    from sqlalchemy.pool import SingletonThreadPool

    if not isinstance(engine.pool, SingletonThreadPool) or engine.url.query.get("cache") == "shared":
        return
    with engine.connect() as connection:
        file = connection.exec_driver_sql("select file from pragma_database_list where name = 'main'").scalar()
    if not file:
        raise ValueError(
            f"the engine {engine.url!r} gives each thread an empty database of its own. Have all threads use one: "
            'create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})'
        )


def _check_file(path: str | None) -> None:
    """SQLite would make the file; a tool that reads wants it there. Raises `ValueError`."""
    from pathlib import Path

    if path and not path.startswith("file:") and not Path(path).is_file():
        raise ValueError(f"there is no database file {path!r}")


def _changed(rows: int) -> Rows:
    """How many rows a statement changed; nothing where that is no question, as for CREATE TABLE."""
    return [] if rows < 0 else [{"rows_changed": rows}]


def _columns(inspector: Any, table: str) -> str:
    keys = set(inspector.get_pk_constraint(table).get("constrained_columns") or ())
    leads_to = {
        column: f" -> {key['referred_table']}.{referred}"
        for key in inspector.get_foreign_keys(table)
        for column, referred in zip(key["constrained_columns"], key["referred_columns"], strict=False)
    }
    return ", ".join(
        f"{c['name']} {c['type']}{' PRIMARY KEY' if c['name'] in keys else ''}{leads_to.get(c['name'], '')}"
        for c in inspector.get_columns(table)
    )
