"""A model's failure that may pass is tried again, where users can see it; any other ends the run at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actlet import AgentGenerationError, CodeAgent, Retrying, RetryPolicy
from actlet.messages import ChatMessageStreamDelta
from actlet.models import Transient
from actlet.testing import ScriptedModel

ANSWER = "<code>\nfinal_answer(1)\n</code>"
AT_ONCE = RetryPolicy(attempts=3, first_wait=0.0)


class Flaky(ScriptedModel):
    """A scripted model whose `ConnectionError`s may pass."""

    retry_after: float | None = None

    def transient(self, error: BaseException) -> Transient | None:
        return Transient(self.retry_after) if isinstance(error, ConnectionError) else None


def agent(*replies: Any, retry: RetryPolicy = AT_ONCE, **options: Any) -> CodeAgent:
    return CodeAgent([], Flaky(list(replies)), verbosity_level=-1, retry=retry, **options)


def test_a_failure_that_may_pass_is_tried_again() -> None:
    assert agent(ConnectionError("gone"), ConnectionError("gone"), ANSWER).run("x") == 1


def test_it_is_tried_again_on_an_event_loop() -> None:
    assert asyncio.run(agent(ConnectionError("gone"), ANSWER).arun("x")) == 1


def test_a_retry_is_an_event_with_the_error_and_the_wait() -> None:
    events = list(agent(ConnectionError("gone"), ANSWER).run("x", stream=True))
    (retrying,) = [event for event in events if isinstance(event, Retrying)]
    assert (str(retrying.error), retrying.attempt, retrying.wait) == ("gone", 1, 0.0)


def test_the_run_ends_when_the_attempts_are_used_up() -> None:
    with pytest.raises(AgentGenerationError, match="ConnectionError: gone") as caught:
        agent(*[ConnectionError("gone")] * 3, ANSWER).run("x")
    assert isinstance(caught.value.__cause__, ConnectionError)


def test_a_failure_that_will_not_pass_ends_the_run_at_once_and_is_remembered() -> None:
    failing = agent(ValueError("bad request"), ANSWER)
    with pytest.raises(AgentGenerationError, match="bad request"):
        failing.run("x")
    assert failing.memory.steps[-1].error.message == "The model failed: ValueError: bad request"
    assert failing.run("again", reset=False) == 1


def test_a_stream_that_breaks_is_begun_again() -> None:
    streaming = agent(ConnectionError("gone"), ANSWER, stream_outputs=True)
    events = list(streaming.run("x", stream=True))
    pieces = [event.content or "" for event in events if isinstance(event, ChatMessageStreamDelta)]
    assert "".join(pieces) == ANSWER.removesuffix("</code>")  # where the stop sequence cuts
    assert any(isinstance(event, Retrying) for event in events)


def test_the_wait_grows_and_is_bounded() -> None:
    policy = RetryPolicy(attempts=10, first_wait=1.0, longest_wait=8.0)
    for attempt in range(1, 10):
        longest = min(8.0, 2.0 ** (attempt - 1))
        wait = policy.wait(attempt, None)
        assert wait is not None
        assert longest / 2 <= wait <= longest
    assert policy.wait(10, None) is None


def test_a_retry_after_is_kept_to_unless_it_is_too_long() -> None:
    policy = RetryPolicy(longest_retry_after=60.0)
    wait = policy.wait(1, 7.0)
    assert wait is not None
    assert 7.0 <= wait <= 7.7
    assert policy.wait(1, 61.0) is None


def test_a_wait_that_is_too_long_is_told() -> None:
    limited = agent(ConnectionError("slow down"), ANSWER)
    limited.model.retry_after = 500.0
    with pytest.raises(
        AgentGenerationError, match=r"slow down \(it asks to wait for 500 s, which is too long for here\)"
    ):
        limited.run("x")
