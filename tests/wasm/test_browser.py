"""The box in a tab: who may connect, what the tab may reach, closing and opening tabs, the page."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from actlet.execution.wasm import BrowserExecutor
from actlet.testing.conformance import Reading, error_of, run

from .chromium import Chromium

pytestmark = pytest.mark.xdist_group("wasm")


@pytest.fixture
def box(chromium: Chromium) -> Iterator[BrowserExecutor]:
    box = BrowserExecutor(open_browser=chromium.open)
    yield box
    box.cleanup()
    chromium.close_tabs()


@pytest.fixture
def unopened() -> Iterator[BrowserExecutor]:
    box = BrowserExecutor(open_seconds=0.2, progress=None)
    yield box
    box.cleanup()


def address(box: BrowserExecutor) -> tuple[str, str]:
    """The page's own address, and the token."""
    origin, _, token = box.url.partition("/#")
    return origin, token


def refused(url: str, origin: str | None) -> int:
    """The status that a connection is refused with."""
    with pytest.raises(InvalidStatus) as caught, connect(url, origin=origin, proxy=None):  # type: ignore[arg-type]
        pass
    return caught.value.response.status_code


def test_a_snippet_without_a_tab_says_what_to_open(unopened: BrowserExecutor) -> None:
    error = error_of(run(unopened, "1"))
    assert error.type == "BoxError"
    assert f"open {unopened.url}" in error.message


def test_only_the_page_with_the_token_connects(unopened: BrowserExecutor) -> None:
    origin, token = address(unopened)
    there = f"ws{origin.removeprefix('http')}/kernel"
    assert refused(f"{there}?{token}", "http://evil.example") == 403
    assert refused(f"{there}?{token}", None) == 403
    assert refused(f"{there}?wrong", origin) == 403
    assert refused(there, origin) == 403
    with connect(f"{there}?{token}", origin=origin, proxy=None) as tab:  # type: ignore[arg-type]
        tab.ping().wait(30)


def test_files_are_given_by_the_right_host_alone_and_no_others(unopened: BrowserExecutor) -> None:
    origin, _ = address(unopened)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{origin}/") as page:
        policy = page.headers["Content-Security-Policy"]
        assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    with opener.open(f"{origin}/page_worker.js") as worker:
        assert "connect-src" not in worker.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    for request, status in [
        (urllib.request.Request(f"{origin}/", headers={"Host": "evil.example"}), 403),
        (urllib.request.Request(f"{origin}/../../../etc/passwd"), 404),
        (urllib.request.Request(f"{origin}/kernel.py"), 404),
    ]:
        with pytest.raises(HTTPError) as caught:
            opener.open(request)
        assert caught.value.code == status


def test_a_second_tab_is_turned_away(box: BrowserExecutor, chromium: Chromium) -> None:
    run(box, "a = 1")
    origin, token = address(box)
    there = f"ws{origin.removeprefix('http')}/kernel?{token}"
    with connect(there, origin=origin, proxy=None) as second, pytest.raises(ConnectionClosed):  # type: ignore[arg-type]
        second.recv(timeout=30)
    assert run(box, "a").output == 1


def test_a_closed_tab_is_an_ended_kernel_and_the_next_snippet_opens_another(
    box: BrowserExecutor, chromium: Chromium
) -> None:
    run(box, "made = 1")
    reading = Reading(box, "print('on')\nwhile True: pass")
    reading.next()
    chromium.close_tabs()
    error = error_of(reading.output())
    assert error.type == "BoxError"
    assert "tab" in error.message
    assert "made" in error.message
    assert run(box, "1 + 1").output == 2


def test_a_tab_that_is_loaded_again_serves_what_comes_next(box: BrowserExecutor, chromium: Chromium) -> None:
    run(box, "a = 1")
    evaluate(chromium, "window.before = true")
    tool_of(chromium, "Page.reload")
    wait_for(chromium, "'before' in window", False)
    assert 3 in [run(box, "1 + 2").output for _ in range(3)]  # one of them may have met the end of the old kernel


def test_the_page_shows_what_runs_and_its_button_stops_it(box: BrowserExecutor, chromium: Chromium) -> None:
    reading = Reading(box, "kept = 1\nprint('hello')\nwhile True: pass")
    reading.next()
    shown = "document.getElementById('output').textContent.includes('hello') && document.body.dataset.state"
    wait_for(chromium, shown, "running")
    evaluate(chromium, "document.getElementById('stop').click()")
    assert error_of(reading.output()).type == "KeyboardInterrupt"
    assert run(box, "kept").output == 1


def test_the_tab_reaches_nothing_but_its_own_page(box: BrowserExecutor, chromium: Chromium) -> None:
    run(box, "1")
    there, _ = address(box)
    reach = "fetch({!r}, {{mode: 'no-cors'}}).then(() => 'reached', () => 'refused')"
    assert evaluate(chromium, reach.format(f"http://localhost:{there.rsplit(':', 1)[1]}/")) == "refused"
    assert evaluate(chromium, "crossOriginIsolated") is True
    making = "setTimeout(() => { try { done(eval('1')) } catch (error) { done(error.name) } })"
    assert evaluate(chromium, f"new Promise((done) => {making})") == "EvalError"
    assert error_of(run(box, "import js")).type == "ModuleNotFoundError"
    assert error_of(run(box, "import socket; socket.create_connection(('127.0.0.1', 22), 5)")).type == "OSError"


def tool_of(chromium: Chromium, method: str, **parameters: Any) -> Any:
    """Ask the tools of the one tab that is open."""
    with connect(chromium.tab(), max_size=None, proxy=None) as tools:
        tools.send(json.dumps({"id": 1, "method": method, "params": parameters}))
        while (answer := json.loads(tools.recv(timeout=60))).get("id") != 1:
            pass
        return answer.get("result", {})  # there is none when the page goes away meanwhile


def evaluate(chromium: Chromium, expression: str) -> Any:
    """The value of an expression on the page."""
    return (
        tool_of(chromium, "Runtime.evaluate", expression=expression, awaitPromise=True)
        .get("result", {})
        .get("value")
    )


def wait_for(chromium: Chromium, expression: str, value: object) -> None:
    """Wait until an expression on the page has this value."""
    for _ in range(300):
        if evaluate(chromium, expression) == value:
            return
        evaluate(chromium, "new Promise((later) => setTimeout(later, 100))")
    raise AssertionError(f"{expression} isn't {value!r}")
