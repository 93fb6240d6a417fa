"""The way out: only to what is listed, only by the proxy, and only where it can be confined."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from actlet.errors import BoxError
from actlet.execution.sandbox import SandboxExecutor
from actlet.execution.sandbox.proxy import Hosts, Refused, parse, public


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.reply(self.path.encode())

    def do_POST(self):
        self.reply(self.rfile.read(int(self.headers["Content-Length"])))

    def reply(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def servers():
    """Two servers of this machine: their ports."""
    running = [ThreadingHTTPServer(("127.0.0.1", 0), Echo) for _ in range(2)]
    for server in running:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield [server.server_address[1] for server in running]
    for server in running:
        server.shutdown()
        server.server_close()


PROBES = {
    "gets what is listed": "print(get('http://127.0.0.1:{listed}/a?b') == b'/a?b')",
    "posts to what is listed": "print(get('http://127.0.0.1:{listed}/', b'x' * 300_000) == b'x' * 300_000)",
    "connects through to what is listed": "print(tunnel('127.0.0.1', {listed}) == b'/t')",
    "is refused what isn't listed": "print(refusal('http://127.0.0.1:{other}/') == 403)",
    "is refused another name of it": "print(refusal('http://localhost:{listed}/') == 403)",
    "is refused a listed host's other port": "print(refusal('http://127.0.0.1:1/') == 403)",
    "is refused a connection through": "print(fails(lambda: tunnel('127.0.0.1', {other})))",
    "can't name another host in a header": (
        "print(raw(b'GET http://127.0.0.1:{listed}/h HTTP/1.1\\r\\nHost: evil:{other}\\r\\n\\r\\n').endswith(b'/h'))"
    ),
    "can't ask as if the proxy were a server": "print(b' 403 ' in raw(b'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'))",
    "can't confuse the proxy": "print(b' 400 ' in raw(b'\\0\\xff nonsense\\r\\n\\r\\n'))",
    "can't connect by itself": "print(fails(lambda: socket.create_connection(('127.0.0.1', {other}))))",
    "can't reach the host's network": "print(fails(lambda: socket.create_connection(('{address}', {other}), 5)))",
    "can't send datagrams": "print(fails(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))",
    "can't open raw sockets": "print(fails(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)))",
    "can't open packet sockets": "print(fails(lambda: socket.socket(17, socket.SOCK_RAW, 768)))",
    "can't open netlink": "print(fails(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)))",
    "can't open unix sockets": "print(fails(lambda: socket.socket(socket.AF_UNIX)))",
    "can't listen": "s = socket.socket(); print(fails(lambda: s.bind(('127.0.0.1', 0))))",
    "finds certificates": "import ssl; print(len(ssl.create_default_context().get_ca_certs()) >= 0)",
}

HELPERS = """
import http.client, os, socket, urllib.error, urllib.request
PROXY = ("127.0.0.1", int(os.environ["http_proxy"].rpartition(":")[2]))
def get(url, data=None):
    return urllib.request.urlopen(url, data, timeout=60).read()
def refusal(url):
    try:
        get(url)
    except urllib.error.HTTPError as error:
        return error.code
def fails(job):
    try:
        job()
    except OSError:
        return True
def raw(request):
    with socket.create_connection(PROXY, 60) as s:
        s.sendall(request)
        return b"".join(iter(lambda: s.recv(65536), b""))
def tunnel(host, port):
    connection = http.client.HTTPConnection(*PROXY, timeout=60)
    connection.set_tunnel(host, port)
    connection.request("GET", "/t")
    return connection.getresponse().read()
"""


def test_only_what_is_listed_can_be_reached_and_only_by_the_proxy(someone, servers):
    listed, other = servers
    options = {"network": [f"127.0.0.1:{listed}"]}
    given = {"listed": listed, "other": other, "address": "192.0.2.1"}
    codes = [HELPERS + code.format(**given) for code in PROBES.values()]
    results = someone.run(*({"code": code, "options": options} for code in codes))
    if "net namespace" in results[0].get("error", ""):
        assert someone.refused, results[0]["error"]
        return
    wrong = {name: r for name, r in zip(PROBES, results, strict=True) if r.get("out") != "True\n"}
    assert not wrong


def test_without_a_namespace_of_its_own_a_box_with_a_network_refuses_to_start():
    box = SandboxExecutor(network=["pypi.org"], namespaces=False)
    with pytest.raises(BoxError, match=r"net namespace.*docker"):
        box.start()


def test_the_report_names_the_hosts():
    box = SandboxExecutor(network=["pypi.org", "10.0.0.7:8080"])
    try:
        assert box.report()["network"] == ["pypi.org", "10.0.0.7:8080"]
    finally:
        box.cleanup()


@pytest.mark.parametrize("entry", ["", "http://x", "x/y", "*.example.com", "a@b", "x:port", "münchen.de"])
def test_an_entry_that_is_no_host_is_refused(entry):
    with pytest.raises(ValueError, match=r"network|host|[Pp]ort"):
        SandboxExecutor(network=[entry])


def test_a_host_without_a_port_means_the_two_of_the_web():
    hosts = Hosts(("Example.com.",))
    hosts.check("example.com", 80)
    hosts.check("example.com", 443)
    with pytest.raises(Refused):
        hosts.check("example.com", 22)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.17.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
     "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"],
)  # fmt: skip
def test_addresses_of_this_machine_and_its_surroundings_are_not_public(address):
    assert not public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_addresses_of_the_internet_are_public(address):
    assert public(address)


def test_a_name_that_leads_to_this_machine_is_refused(servers, monkeypatch):
    """A listed name whose owner has it lead here: `localhost` under another name."""
    import socket

    found = socket.getaddrinfo

    def rebound(host, *args, **kwargs):
        return found("127.0.0.1" if host == "rebound.example" else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    box = SandboxExecutor(network=[f"rebound.example:{servers[0]}"])
    try:
        error = box.run(f"import urllib.request as u; u.urlopen('http://rebound.example:{servers[0]}/')").error
        assert "isn't public" in error.message
    finally:
        box.cleanup()


def test_an_address_that_accepts_nothing_is_followed_by_the_next(servers, monkeypatch):
    import socket

    found = socket.getaddrinfo

    def several(host, *args, **kwargs):
        return [e for address in ("127.0.0.1", "127.0.0.2") for e in found(address, *args, **kwargs)][::-1]

    box = SandboxExecutor(network=[f"localhost:{servers[0]}"])
    try:
        box.start()
        monkeypatch.setattr(socket, "getaddrinfo", several)
        code = f"import urllib.request as u; u.urlopen('http://localhost:{servers[0]}/x').read()"
        assert box.run(code).output == b"/x"
    finally:
        box.cleanup()


def test_what_is_passed_on_is_for_the_host_that_was_checked():
    request = parse(b"GET http://a.example:81/x HTTP/1.1\r\nHost: b.example\r\nProxy-Authorization: k\r\nA: b")
    assert (request.host, request.port) == ("a.example", 81)
    assert request.head == b"GET /x HTTP/1.1\r\nHost: a.example:81\r\nA: b\r\nConnection: close\r\n\r\n"
