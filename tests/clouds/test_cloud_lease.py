"""That a sandbox is given back exactly once, and that what can't be given back is told."""

import threading

import pytest

from actlet.execution.clouds import lease as leases
from actlet.execution.clouds.lease import Lease, insist


def test_many_who_let_go_at_once_give_back_once():
    given = []
    lease = Lease("a sandbox", lambda: given.append(1))
    threads = [threading.Thread(target=lease.end) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given == [1]


def test_whoever_waits_for_the_end_sees_it_done():
    done = []
    lease = Lease("a sandbox", lambda: done.append(1))
    lease.end_soon()
    lease.end()
    assert done == [1]


def test_a_request_that_fails_once_is_made_again(monkeypatch):
    monkeypatch.setattr(leases, "PAUSE", 0)
    tries = []

    def request():
        tries.append(1)
        if len(tries) < 2:
            raise ConnectionError("the connection was dropped")
        return "fine"

    assert (insist(request), len(tries)) == ("fine", 2)


def test_what_cannot_be_given_back_is_a_warning_that_names_it(monkeypatch):
    monkeypatch.setattr(leases, "PAUSE", 0)

    def give_back():
        raise ConnectionError("no network")

    with pytest.warns(
        RuntimeWarning, match=r"the sandbox x of Y couldn't be given back \(ConnectionError: no network\)"
    ):
        Lease("the sandbox x of Y", give_back).end()
