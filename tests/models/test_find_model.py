import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from listing_server import listing
from openai_server import Answer, OpenAIServer

from actlet.messages import ChatMessage
from actlet.models.find import NoModelError, find_model, local_servers, models_at
from actlet.models.listing import listed_models
from actlet.models.providers import PROVIDERS, Provider

NOWHERE = "http://127.0.0.1:9/v1"
NO_SERVERS = tuple(
    Provider(p.name, p.title, NOWHERE if p.is_local else p.base, p.keys, p.model, p.note)
    for p in PROVIDERS.values()
)
ASK = [ChatMessage("user", "hello")]


def find(spec=None, env=None, **settings):
    return find_model(spec, env or {}, **{"providers": NO_SERVERS, **settings})


@pytest.fixture
def server():
    with OpenAIServer([Answer("here")], models=["text-embedding-1", "qwen3:8b", "other"]) as running:
        yield running


@pytest.mark.parametrize(
    ("spec", "env", "model_id", "base"),
    [
        ("openai:gpt-5", {"OPENAI_API_KEY": "k"}, "gpt-5", None),
        ("openai", {"OPENAI_API_KEY": "k"}, "gpt-5-mini", None),
        ("openrouter:x-ai/grok-4", {"OPENROUTER_API_KEY": "k"}, "x-ai/grok-4", "https://openrouter.ai/api/v1"),
        ("groq:a/b:free", {"GROQ_API_KEY": "k"}, "a/b:free", "https://api.groq.com/openai/v1"),
        ("gemini:g", {"GOOGLE_API_KEY": "k"}, "g", "https://generativelanguage.googleapis.com/v1beta/openai"),
        ("ollama:qwen3:8b", {}, "qwen3:8b", NOWHERE),
        ("http://host:8000/v1:qwen3:8b", {}, "qwen3:8b", "http://host:8000/v1"),
        ("https://host/api/v1/:m", {}, "m", "https://host/api/v1/"),
        ("http://host:8000:m", {}, "m", "http://host:8000/v1"),
        ("http://host:8000:7b", {}, "7b", "http://host:8000/v1"),
        ("http://[::1]:8000/v1:m", {}, "m", "http://[::1]:8000/v1"),
        ("http://me:word@host:8000/v1:m", {}, "m", "http://me:word@host:8000/v1"),
        ("http://host:8000:m@1", {}, "m@1", "http://host:8000/v1"),
        ("http://host:8000/v1:@cf/m", {}, "@cf/m", "http://host:8000/v1"),
    ],
)
def test_a_model_is_named_by_its_provider_or_its_servers_url(spec, env, model_id, base):
    found = find(spec, env)
    assert (found.model.model_id, found.model.api_base) == (model_id, base)
    assert found.why == "it was asked for"
    assert find(None, {**env, "ACTLET_MODEL": spec}).model.to_dict() == found.model.to_dict()


def test_settings_go_to_the_model():
    model = find("openai:gpt-5", {"OPENAI_API_KEY": "k"}, timeout=5, temperature=0).model
    assert (model.timeout, model.kwargs) == (5, {"temperature": 0})


def test_a_url_without_a_model_takes_the_servers_first_chat_model(server):
    for spec in (
        server.url,
        f"{server.url}:",
        server.url.removesuffix("/v1"),
        f"{server.url.removesuffix('/v1')}:",
    ):
        found = find(spec)
        assert found.model.model_id == "qwen3:8b"
        assert found.model.generate(ASK).content == "here"


def test_a_server_that_needs_a_key_is_asked_with_it():
    with listing("mine", key="secret") as url:
        assert find(None, {"ACTLET_API_BASE": url, "ACTLET_API_KEY": "secret"}).model.model_id == "mine"
        assert find(url, api_key="secret").model.model_id == "mine"
        with pytest.raises(NoModelError, match=f"{url} refuses the API key"):
            find(url)


def test_a_url_may_hold_a_login_which_no_message_shows():
    with listing("m", key="dXNlcjpzM2NyZXQ=") as url:  # user:s3cret
        assert listed_models(url.replace("//", "//user:s3cret@")) == ["m"]
        with pytest.raises(PermissionError) as caught:
            listed_models(url.replace("//", "//user:wr0ng@"))
    assert "wr0ng" not in str(caught.value)


def test_a_key_does_not_follow_where_a_server_sends_it():
    seen = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers.get("Authorization"))
            if len(seen) == 1:
                self.send_response(302)
                self.send_header("Location", f"http://localhost:{self.server.server_port}/other/models")
                self.end_headers()
            else:
                self.send_response(404)
                self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    with pytest.raises(NoModelError, match="name one"):
        find(f"http://127.0.0.1:{server.server_port}/v1", api_key="secret")
    server.shutdown()
    server.server_close()
    assert seen == ["Bearer secret", None]


def test_a_server_that_was_named_may_take_its_time():
    with listing("mine", delay=0.8) as url:
        assert find(url).model.model_id == "mine"


def test_a_list_of_models_may_be_a_plain_one():
    with listing(body='[{"id": "mine"}]') as url:
        assert find(url).model.model_id == "mine"


def test_with_a_base_the_text_is_the_models_id(server):
    assert find("mistral:7b", api_base=server.url).model.model_id == "mistral:7b"
    env = {"ACTLET_API_BASE": server.url, "ACTLET_MODEL": "mistral:7b"}
    assert find(None, env).model.model_id == "mistral:7b"
    assert find("plain", {"ACTLET_API_BASE": server.url}).model.model_id == "plain"
    assert find(None, {"ACTLET_API_BASE": server.url}).model.model_id == "qwen3:8b"


def test_a_provider_that_is_asked_for_wins_over_the_settings(server):
    env = {"ACTLET_API_BASE": server.url, "OPENAI_API_KEY": "k", "ACTLET_MODEL": "other"}
    assert find("openai:gpt-5", env).model.api_base is None


def test_a_key_goes_to_its_own_provider_only(server):
    env = {"OPENAI_API_KEY": "for-openai", "GROQ_API_KEY": "for-groq"}
    assert find("groq:m", env).model.api_key == "for-groq"
    find(server.url, env).model.generate(ASK)
    assert server.headers[0]["authorization"] == "Bearer none"
    assert find(server.url, {**env, "ACTLET_API_KEY": "mine"}).model.api_key == "mine"
    assert find("openai:m", env, api_key="given").model.api_key == "given"


def test_keys_in_the_environment_are_tried_in_order():
    found = find(None, {"GROQ_API_KEY": "g", "MISTRAL_API_KEY": "m", "OPENAI_API_KEY": ""})
    assert (found.model.model_id, found.why) == ("mistral-medium-latest", "MISTRAL_API_KEY is set")


def test_a_local_server_that_answers_is_found_and_said(server):
    local = Provider("ollama", "Ollama", server.url, note=PROVIDERS["ollama"].note)
    found = find(providers=(*NO_SERVERS[:3], local, Provider("vllm", "vLLM", server.url)))
    assert found.model.model_id == "qwen3:8b"
    assert found.why == f"Ollama answers at {server.url}"
    assert "OLLAMA_CONTEXT_LENGTH" in found.notes[0]
    assert found.model.generate(ASK).content == "here"


def test_a_local_server_is_asked_for_its_models(server):
    local = Provider("lmstudio", "LM Studio", server.url)
    assert find("lmstudio", providers=(local,)).model.model_id == "qwen3:8b"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("openai:gpt-5", "OPENAI_API_KEY"),
        ("gemini:x", "GEMINI_API_KEY or GOOGLE_API_KEY"),
        ("gpt-5", "'gpt-5' names no provider"),
        ("nobody:gpt-5", "'nobody:gpt-5' names no provider"),
        ("ollama", "pull a model"),
        (NOWHERE, "is it running"),
        ("http://[::1/v1:m", "is no URL"),
        ("http://host:99999/v1:m", "'http://host:99999/v1' is no URL: Port out of range"),
        ("replay:", "is no recording"),
        ("replay:/no/such/file", "'/no/such/file'"),
    ],
)
def test_a_model_that_cannot_be_had_says_what_to_do(spec, told):
    with pytest.raises(NoModelError, match=told):
        find(spec)


@pytest.mark.parametrize("base", ["127.0.0.1:8919/v1", "localhost:8919/v1", "ftp://host/v1", "http://"])
def test_a_base_that_is_no_url_says_how_one_is_written(base):
    with pytest.raises(NoModelError, match=f"'{base}' is no URL of a server: write it as http://host:port/v1"):
        find(None, {"ACTLET_API_BASE": base})


def test_with_nothing_at_all_the_ways_are_listed():
    with pytest.raises(NoModelError) as caught:
        find()
    for way in ("provider:model-id", "http://host:port/v1", "ACTLET_MODEL", "OPENAI_API_KEY", "LM Studio"):
        assert way in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_looking_for_servers_is_quick_where_there_are_none():
    started = time.monotonic()
    assert local_servers(NO_SERVERS) == []
    assert time.monotonic() - started < 0.6


@pytest.mark.parametrize("answer", ["<html>", "[1]", '{"data": 3}', '{"models": []}', None])
def test_what_is_not_a_model_server_is_passed_by(answer):
    class Other(BaseHTTPRequestHandler):
        def do_GET(self):
            if answer is None:
                time.sleep(1)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_):
            pass

    other = HTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=other.serve_forever, args=(0.02,), daemon=True).start()
    started = time.monotonic()
    assert models_at(f"http://127.0.0.1:{other.server_port}/v1", timeout=0.2) == []
    assert time.monotonic() - started < 0.9
    other.shutdown()
    other.server_close()


def test_a_proxy_in_the_environment_is_not_asked_for_local_servers(server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert models_at(server.url) == ["text-embedding-1", "qwen3:8b", "other"]


def test_every_provider_with_a_key_has_a_model_to_begin_with():
    assert all(provider.model for provider in PROVIDERS.values() if not provider.is_local)
