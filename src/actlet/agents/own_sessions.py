"""The sessions that an agent opens by itself: for `agent.run(...)` without a session of the user's, and for calls
as a member of a team.

`agent.run(task)` and a manager's call begin a fresh session, and `run(task, reset=False)` goes on in the last one;
`agent.memory` and `agent.state` show the last one. Inside a tool or a callback they show the session of the run
that called it, so a callback sees its own run's memory however many runs go on. A fresh session takes over the idle
box of the last one, emptied; runs that overlap get a box each, given back when they end.

An agent holds its own sessions, and they hold it weakly: an agent that nobody needs any more is gone at once, with
its memory and its box, and needs no garbage collector.
"""

from __future__ import annotations

import threading
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any
from weakref import ref

from ..execution.box import PythonExecutor
from ..runs.current import current_run
from ..runs.run import Run
from ..runs.session import Session

if TYPE_CHECKING:
    from .agent import MultiStepAgent


class OwnSession(Session):
    """A session that its agent holds, and that doesn't hold its agent.

    `taken`: it is meant for a run already. `kept`: the session of a manager keeps it, and its box, for later calls.
    """

    taken = False
    kept = False

    @property
    def agent(self) -> Any:
        """The agent; the runs of the session hold it while they go on."""
        agent = self._agent()
        if agent is None:
            raise RuntimeError(
                "the agent of this session is gone: keep it, or open the session with agent.session()"
            )
        return agent

    @agent.setter
    def agent(self, agent: Any) -> None:
        self._agent = ref(agent)


class OwnSessions:
    """Keeps the last session of an agent, and the runs that are going on."""

    def __init__(self, agent: MultiStepAgent) -> None:
        self._agent_ref = ref(agent)
        self._lock = threading.RLock()
        self._last: OwnSession | None = None
        self._runs: set[Run] = set()

    @property
    def _agent(self) -> MultiStepAgent:
        agent = self._agent_ref()
        assert agent is not None, "whoever asks holds the agent"
        return agent

    def __getstate__(self) -> dict[str, Any]:
        return {"_agent": self._agent}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy of an agent is the same settings: it has no sessions yet."""
        self.__init__(state["_agent"])  # type: ignore[misc]

    def shown(self) -> Session:
        """The session that the agent's attributes show."""
        run = current_run()
        while run is not None:
            if run.agent is self._agent:
                return run.session
            run = run.parent
        return self.last()

    def last(self) -> OwnSession:
        """The last session; a new one before the first run."""
        with self._lock:
            if self._last is None:
                self._last = self._agent.open_session(OwnSession)
            return self._last

    def for_run(self, reset: bool) -> OwnSession:
        """The session for a run that is about to begin: the last one if it goes on or nothing was run in it yet."""
        with self._lock:
            last = self.last()
            if reset and (last.taken or not last.fresh):
                last = self._last = self._agent.open_session(OwnSession, box=self._box_of(last))
            elif reset:
                last.memory.reset()
            last.taken = True
            return last

    def for_manager(self, members: MutableMapping[str, Session]) -> Session:
        """The session of this agent among those that the session of a manager keeps; from now on it is the last."""
        name = str(self._agent.name)
        with self._lock:
            if name not in members:
                members[name] = made = self.for_run(reset=True)
                made.kept = True
            self._make_last(members[name])
            return members[name]

    def _make_last(self, session: Session) -> None:
        assert isinstance(session, OwnSession)
        last, self._last = self._last, session
        if last is not None and last is not session:
            self.give_back(last)

    def give_back(self, session: OwnSession) -> None:
        """Give back the box of a session that nobody uses just now; its memory stays."""
        with self._lock:
            if not (session.busy or session.kept):
                session.close()

    def _box_of(self, last: OwnSession) -> PythonExecutor | None:
        """The box of the last session, emptied for the next one; None if the next one is to have its own."""
        if last.busy or last.kept or last.run_count == 0:
            return None
        last.taken = False
        if self._agent.makes_boxes:
            last.close()
            return None
        return last.hand_over_box()

    def box_in_use(self, box: PythonExecutor) -> bool:
        """Whether a session whose run is going on has this box."""
        with self._lock:
            return any(run.session.has_box(box) for run in self._runs)

    def noted(self, run: Run, going_on: bool) -> None:
        """A run of the agent begins, or ends; a session that nobody can reach any more gives its box back."""
        with self._lock:
            if going_on:
                self._runs.add(run)
                return
            self._runs.discard(run)
            session = run.session
            if isinstance(session, OwnSession) and session.taken and session is not self._last:
                session.taken = False
                self.give_back(session)

    def interrupt(self) -> None:
        """Stop every run that is going on."""
        with self._lock:
            runs = list(self._runs)
        for run in runs:
            run.interrupt()

    def close(self) -> None:
        """Give back the box of the last session, unless it is a manager's to do so."""
        if self._last is not None and not self._last.kept:
            self._last.close()
