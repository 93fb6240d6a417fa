"""Which callbacks a step is shown to, and with what."""

import pytest
from memory_support import action

from actlet import ActionStep, CallbackRegistry, MemoryStep, TaskStep
from actlet.memory.callbacks import call_with


def test_callbacks_are_called_with_the_step_and_what_they_name():
    seen = []
    registry = CallbackRegistry()
    registry.register(ActionStep, lambda step: seen.append(("step", step)))
    registry.register(ActionStep, lambda step, agent: seen.append(("agent", agent)))
    registry.register(ActionStep, lambda step, **others: seen.append(("others", others)))
    step = action()
    registry.callback(step, agent="me")
    assert seen == [("step", step), ("agent", "me"), ("others", {"agent": "me"})]


def test_the_class_of_the_step_comes_before_its_bases():
    registry = CallbackRegistry({MemoryStep: print, ActionStep: [len, repr]})
    assert registry.for_step(action()) == [len, repr, print]
    assert registry.for_step(TaskStep("Go.")) == [print]


def test_what_cannot_be_called_is_refused():
    with pytest.raises(ValueError, match="must be callable"):
        CallbackRegistry([1])
    with pytest.raises(ValueError, match="list of functions or a dict"):
        CallbackRegistry(print)


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (lambda: (), ()),
        (lambda a: (a,), (1,)),
        (lambda a, b: (a, b), (1, 2)),
        (lambda a, agent: (a, agent), (1, "me")),
        (lambda a, *, agent=None: (a, agent), (1, "me")),
        (lambda *all_of_them: all_of_them, (1, 2)),
        (lambda a, b=5, c=6: (a, b, c), (1, 2, 6)),
    ],
)
def test_a_function_is_called_with_what_it_has_places_for(function, given):
    assert call_with(function, 1, 2, agent="me") == given


def test_a_function_that_does_not_say_what_it_takes_is_given_the_first_argument():
    assert call_with(bool, 0, 2, agent="me") is False
