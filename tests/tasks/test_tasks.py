"""The tasks that a language model solved are solved again, by the same command, from its recorded replies."""

from __future__ import annotations

import pytest
from catalog import HERE, TASKS, run


@pytest.mark.parametrize("name", TASKS)
def test_a_recorded_task_is_solved_again(name: str) -> None:
    done = run(TASKS[name], f"replay:{HERE / 'recordings' / f'{name}.jsonl'}")
    assert done.returncode == 0, done.stderr
    assert TASKS[name].right(done.stdout), done.stdout


@pytest.mark.parametrize("name", TASKS)
def test_a_wrong_answer_would_be_seen(name: str) -> None:
    assert not TASKS[name].right("0")
