"""A pool gives each session a box that nobody has used, keeps some ready, and never has more than it may."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from actlet import CodeAgent
from actlet.errors import AgentInterruptedError, BoxError
from actlet.execution.box import CodeOutput
from actlet.execution.pool import BoxPool
from actlet.execution.sandbox import SandboxExecutor
from actlet.testing import BoxConformance, ProcessExecutor, ScriptedModel

KINDS = [ProcessExecutor, SandboxExecutor]


class Counted(ProcessExecutor):
    """Counts how many run at once."""

    lock = threading.Lock()
    now = most = 0

    def _start(self):
        with Counted.lock:
            Counted.now += 1
            Counted.most = max(Counted.most, Counted.now)
        self.counted = True
        return super()._start()

    def _kill(self):
        super()._kill()
        if self.__dict__.pop("counted", False):
            with Counted.lock:
                Counted.now -= 1


@pytest.fixture(autouse=True)
def nothing_counted():
    Counted.now = Counted.most = 0
    yield
    assert Counted.now == 0


@pytest.fixture
def pool_of():
    pools = []

    def make(kind=ProcessExecutor, **options):
        pools.append(BoxPool(kind, **options))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def script(*snippets):
    replies = [f"<code>\n{snippet}\n</code>" for snippet in snippets]
    return ScriptedModel(replies, by="conversation", record=False)


def agent_of(pool, *snippets):
    return CodeAgent(tools=[], model=script(*snippets), executor=pool, verbosity_level=0)


def wait_until(true):
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def in_use(pool):
    return len(pool._taken)


@pytest.mark.parametrize("kind", KINDS)
def test_spare_boxes_are_started_before_they_are_needed(pool_of, kind):
    pool = pool_of(kind, size=4, spare=2)
    pool.start()
    wait_until(lambda: len(pool._unused) == 2)
    ready = list(pool._unused)
    assert all(box._link is not None for box in ready)
    box = pool()
    assert box.run("1 + 1").output == 2
    assert box._box in ready
    wait_until(lambda: len(pool._unused) == 2)


def test_a_box_that_a_session_has_used_is_not_given_to_another(pool_of):
    pool = pool_of(SandboxExecutor, size=1, spare=1)
    agent = agent_of(pool, "open('left', 'w').write('x')\nx = 1\nfinal_answer(x)")
    other = agent_of(pool, "import os\nfinal_answer((os.path.exists('left'), 'x' in globals()))")
    with agent.session() as session:
        session.run("Go.")
        used = session.box._box
    with other.session() as session:
        assert session.run("Go.") == (False, False)
        assert session.box._box is not used
    assert used._link is None


def test_a_box_is_emptied_and_used_again_where_sessions_trust_each_other(pool_of):
    pool = pool_of(size=1, spare=0, reuse=True)
    pids = []
    for _ in range(3):
        box = pool()
        output = box.run("import os\nleft = 'x' in globals()\nx = 1\n(os.getpid(), left)").output
        assert output[1] is False
        pids.append(output[0])
        box.cleanup()
    assert len(set(pids)) == 1


def test_a_box_whose_snippet_still_runs_is_replaced_all_the_same(pool_of):
    pool = pool_of(size=1, spare=0, reuse=True)
    box, ended = pool(), []
    box.submit("while True: pass", ended.append)
    wait_until(lambda: in_use(pool) == 1)
    box.cleanup()
    assert pool().run("2").output == 2
    assert [each.error.type for each in ended if isinstance(each, CodeOutput)] == ["KeyboardInterrupt"]


def test_there_are_never_more_boxes_than_its_size(pool_of):
    pool = pool_of(Counted, size=3, spare=1)
    agent = agent_of(pool, "x = 20", "final_answer(x + 1)")

    def user(_):
        with agent.session() as session:
            return session.run("Go.")

    with ThreadPoolExecutor(12) as users:
        assert list(users.map(user, range(24))) == [21] * 24
    assert 1 <= Counted.most <= 3


def test_tasks_of_an_event_loop_wait_for_a_box_without_holding_each_other_up(pool_of):
    pool = pool_of(Counted, size=2, spare=0)
    agent = agent_of(pool, "x = 20", "final_answer(x + 1)")

    async def user():
        with agent.session() as session:
            return await session.arun("Go.")

    async def everyone():
        return await asyncio.gather(*[user() for _ in range(12)])

    assert asyncio.run(everyone()) == [21] * 12
    assert Counted.most <= 2


@pytest.mark.parametrize("way", ["run", "arun"])
def test_when_all_are_in_use_for_too_long_the_run_fails_and_says_what_to_do(pool_of, way):
    pool = pool_of(size=1, spare=0, wait_seconds=0.1)
    agent = agent_of(pool, "final_answer(1)")
    with agent.session() as session:
        session.run("Go.")
        with agent.session() as other, pytest.raises(BoxError, match=r"all 1 boxes.*size="):
            other.run("Go.") if way == "run" else asyncio.run(other.arun("Go."))
    with agent.session() as session:
        assert session.run("Go.") == 1


def test_a_box_that_is_being_started_is_waited_for_however_long_that_takes(pool_of):
    let = threading.Event()

    class Slow(ProcessExecutor):
        def _start(self):
            assert let.wait(60)
            return super()._start()

    pool = pool_of(Slow, size=1, spare=0, wait_seconds=0)
    threading.Timer(0.5, let.set).start()
    assert pool().run("1").output == 1


def test_an_interrupt_ends_the_wait_for_a_box(pool_of):
    pool = pool_of(size=1, spare=0, wait_seconds=None)
    agent = agent_of(pool, "final_answer(1)", "final_answer(1)")
    with agent.session() as session, agent.session() as other:
        session.run("Go.")
        threading.Thread(target=lambda: (wait_until(lambda: pool._queue), other.interrupt())).start()
        with pytest.raises(AgentInterruptedError):
            other.run("Go.")
        assert not pool._queue
        session.close()
        assert other.run("Go.") == 1


def test_a_cancelled_task_ends_the_wait_for_a_box(pool_of):
    pool = pool_of(size=1, spare=0, wait_seconds=None)
    agent = agent_of(pool, "final_answer(1)")

    async def cancelled():
        with agent.session() as session, agent.session() as other:
            await session.arun("Go.")
            task = asyncio.ensure_future(other.arun("Go."))
            while not pool._queue:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not pool._queue

    asyncio.run(cancelled())
    wait_until(lambda: in_use(pool) == 0)


def test_a_box_that_cannot_be_started_is_told_to_whoever_waits(pool_of):
    pool = pool_of(lambda: ProcessExecutor(python="/no/such/python"), size=2, spare=1)
    agent = agent_of(pool, "final_answer(1)")
    for _ in range(3):
        with agent.session() as session, pytest.raises(BoxError, match="/no/such/python"):
            session.run("Go.")


def test_a_session_that_nobody_needs_any_more_gives_its_box_back(pool_of):
    pool = pool_of(size=1, spare=0)
    agent = agent_of(pool, "final_answer(1)")
    session = agent.session()
    session.run("Go.")
    assert in_use(pool) == 1
    del session
    wait_until(lambda: in_use(pool) == 0)


def test_an_agent_gives_its_box_back_when_it_is_closed(pool_of):
    pool = pool_of(size=1, spare=0)
    with agent_of(pool, "final_answer(1)") as agent:
        assert agent.run("Go.") == 1
        assert agent.run("Again.") == 1
    wait_until(lambda: in_use(pool) == 0)


def test_a_team_takes_a_box_each(pool_of):
    pool = pool_of(size=2, spare=0)
    member = CodeAgent(
        tools=[],
        model=script("final_answer(20)"),
        executor=pool,
        name="helper",
        description="Helps.",
        verbosity_level=0,
    )
    model = script("final_answer(helper('go') + 1)")
    with CodeAgent(tools=[], model=model, managed_agents=[member], executor=pool, verbosity_level=0) as agent:
        assert agent.run("Go.") == 21


@pytest.mark.parametrize("kind", KINDS)
def test_closing_ends_every_box_and_refuses_whoever_waits(kind):
    ended = []
    with BoxPool(kind, size=2, spare=1) as pool:
        boxes = [pool() for _ in range(3)]
        boxes[0].submit("while True: pass", ended.append)
        boxes[1].run("1")
        boxes[2].submit("1", ended.append)
        real = [box._box for box in boxes[:2]]
    assert all(box._link is None for box in real)
    kinds = sorted(each.error.type for each in ended if isinstance(each, CodeOutput))
    assert kinds == ["BoxError", "KeyboardInterrupt"]
    with pytest.raises(BoxError, match="closed"):
        pool()("1")


def test_a_worker_that_dies_in_a_pooled_box_is_an_error_and_the_next_snippet_gets_a_new_one(pool_of):
    box = pool_of(size=1, spare=0)()
    assert "its process exited (3)" in str(box.run("import os; os._exit(3)").error)
    assert box.run("1").output == 1


@pytest.mark.parametrize(
    ("options", "error"),
    [({"size": 0}, ValueError), ({"size": 1, "spare": 2}, ValueError), ({"wait_seconds": -1}, ValueError)],
)
def test_options_that_make_no_sense_are_refused(options, error):
    with pytest.raises(error):
        BoxPool(ProcessExecutor, **options)


def test_what_makes_no_boxes_is_refused():
    with pytest.raises(TypeError, match="must make a Box"):
        BoxPool(dict)


class TestPooled(BoxConformance):
    """What a pool gives is a box like any other."""

    @pytest.fixture(autouse=True)
    def pools(self):
        self.made = []
        yield
        for pool in self.made:
            pool.close()

    def make_box(self, **options):
        self.made.append(BoxPool(lambda: ProcessExecutor(**options), size=4, spare=0))
        return self.made[-1]()
