"""What holds a query to reading and to its time, for each kind of database.

Covered, when read-only:

- SQLite: an authorizer that SQLite asks for every operation while it compiles a statement. Reading tables and
  calling functions is let through; writing, ATTACH, and every PRAGMA that isn't known to only read is refused.
- PostgreSQL: a READ ONLY transaction that is rolled back. The text must not hold a second statement, which could
  end that transaction: no `;` but at the end.
- MySQL and MariaDB: the same; and no INTO OUTFILE or DUMPFILE, which a READ ONLY transaction allows.

Not covered: functions with effects of their own that a login is allowed to call (`pg_terminate_backend`, `dblink`,
what users have defined). Give the tool a login that may only do what it should. Other databases have no guard
here and are not offered as read-only.

A SQLite connection that several threads share (an engine with a `StaticPool`) is used by one query of these tools
at a time. The rest of the program must not use that same connection meanwhile: SQLite and Python would wait for
each other's locks. Engines of files give every thread a connection of its own.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

_PRAGMAS_THAT_READ = frozenset(
    ("table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list")
)
_OPERATIONS_THAT_READ = frozenset(
    [sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE]
)
_STEPS_BETWEEN_LOOKS = 10_000
_QUERY = re.compile(r"\s*\(*\s*(select|with|values|table|explain|show|describe|desc)\b", re.IGNORECASE)
_FILE = re.compile(r"\binto\s+(outfile|dumpfile)\b|/\*!", re.IGNORECASE)


class Guard:
    """No guard but the database's own rights; one statement at a time."""

    def __init__(self, read_only: bool) -> None:
        self.read_only = read_only

    def checked(self, query: str) -> str:
        """The statement to run. Raises `ValueError` for a text that isn't one."""
        statement = query.strip().rstrip(";").rstrip()
        if not statement:
            raise ValueError("the query is empty")
        if ";" in statement:
            raise ValueError("one statement at a time, without ';' (in a text, write chr(59) for it)")
        if self.read_only and not _QUERY.match(_without_comments(statement)):
            raise ValueError("this tool only reads: start the query with SELECT or WITH")
        return statement

    @contextmanager
    def held(self, connection: Connection, seconds: float) -> Iterator[None]:  # noqa: ARG002
        """Hold what runs on this connection to reading, and to so many seconds."""
        yield


class SQLiteGuard(Guard):
    """SQLite asks before each operation, and is stopped when time is up."""

    def checked(self, query: str) -> str:
        """The statement as it is: the driver takes one only."""
        if not query.strip():
            raise ValueError("the query is empty")
        return query

    @contextmanager
    def held(self, connection: Connection, seconds: float) -> Iterator[None]:
        """Raises `ValueError` for a driver that can't be held."""
        driver: Any = connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise ValueError(f"SQLTool needs SQLite's standard driver, not {type(driver).__name__}")
        # A pool of one connection, as in-memory databases have, gives it to several threads; `info` belongs to it.
        with connection.info.setdefault("actlet_sql_lock", threading.Lock()):
            deadline = time.monotonic() + seconds
            driver.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
            if self.read_only:
                driver.set_authorizer(_authorize)
            try:
                yield
            finally:
                driver.set_progress_handler(None, 0)
                driver.set_authorizer(None)


class PostgreSQLGuard(Guard):
    """A transaction that PostgreSQL lets read only."""

    @contextmanager
    def held(self, connection: Connection, seconds: float) -> Iterator[None]:
        """Both settings end with the transaction."""
        if self.read_only:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
        yield


class MySQLGuard(Guard):
    """A transaction that MySQL or MariaDB lets read only."""

    def checked(self, query: str) -> str:
        """Raises `ValueError` also for a query that writes a file."""
        statement = super().checked(query)
        if self.read_only and _FILE.search(statement):
            raise ValueError("this tool only reads: no INTO OUTFILE, no /*! comments")
        return statement

    @contextmanager
    def held(self, connection: Connection, seconds: float) -> Iterator[None]:
        """The settings are the session's, and are put back, for the connection is the pool's."""
        limit = (
            ("max_statement_time", seconds)
            if getattr(connection.dialect, "is_mariadb", False)
            else ("max_execution_time", int(seconds * 1000))
        )
        if self.read_only:
            connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        connection.exec_driver_sql(f"SET SESSION {limit[0]} = {limit[1]}")
        connection.rollback()
        try:
            yield
        finally:
            connection.rollback()
            connection.exec_driver_sql(f"SET SESSION {limit[0]} = DEFAULT")
            if self.read_only:
                connection.exec_driver_sql("SET SESSION TRANSACTION READ WRITE")


_GUARDS: dict[str, type[Guard]] = {
    "sqlite": SQLiteGuard,
    "postgresql": PostgreSQLGuard,
    "mysql": MySQLGuard,
    "mariadb": MySQLGuard,
}


def guard_for(dialect: str, read_only: bool) -> Guard:
    """The guard of a kind of database. Raises `ValueError` where none can hold it to reading."""
    if dialect in _GUARDS:
        return _GUARDS[dialect](read_only)
    if read_only:
        raise ValueError(
            f"SQLTool can't hold {dialect!r} to reading: pass read_only=False, with a login that may only read"
        )
    return Guard(read_only)


def _authorize(operation: int, first: str | None, second: str | None, *_: str | None) -> int:
    if operation in _OPERATIONS_THAT_READ and "load_extension" not in (first, second):
        return sqlite3.SQLITE_OK
    reads = operation == sqlite3.SQLITE_PRAGMA and first in _PRAGMAS_THAT_READ
    return sqlite3.SQLITE_OK if reads else sqlite3.SQLITE_DENY


def _without_comments(statement: str) -> str:
    """The statement without the comments that stand before its first word."""
    return re.sub(r"\A(\s*(--[^\n]*\n|/\*.*?\*/))*", "", statement, flags=re.DOTALL)
