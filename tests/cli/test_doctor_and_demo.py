import json
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from listing_server import listing, no_http
from openai_server import Answer, OpenAIServer

from actlet.cli.doctor import CORE, EXTRAS
from actlet.demo.check import right_answer
from actlet.execution.boxes import BOXES

OF_BOXES = {"docker", "wasm", "e2b", "modal", "blaxel"}  # told with the boxes
PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_doctor_says_what_works_and_ends_well_where_the_essentials_do(actlet, serve):
    _, model = serve("never asked")
    done = actlet("doctor", *model)
    assert done.returncode == 0
    lines = {line[9:23].strip(): line for line in done.stdout.splitlines()}
    for name, told in {"Python": sys.version.split()[0], "local box": "ran a snippet", "model": "stand-in"}.items():
        assert lines[name].startswith("ok")
        assert told in lines[name]


def test_doctor_says_what_to_do_about_what_is_missing(actlet):
    actlet.env["ACTLET_MODEL"] = "nobody:nothing"
    done = actlet("doctor")
    assert done.returncode == 0
    assert "missing  model" in done.stdout
    assert "actlet demo" in done.stdout
    assert "pip install --force-reinstall" not in done.stdout


def test_doctor_notices_a_server_that_does_not_answer(actlet):
    with OpenAIServer() as server:
        url = server.url
    done = actlet("doctor", "--model", f"{url}:stand-in")
    assert done.returncode == 1
    assert "FAILED   model" in done.stdout
    assert f"{url} doesn't answer" in done.stdout


def model_finding(actlet, *arguments):
    done = actlet("doctor", "--json", *arguments)
    (found,) = [f for f in json.loads(done.stdout)["findings"] if f["name"] == "model"]
    assert found["ok"] is (done.returncode == 0)
    return found


@pytest.mark.parametrize(
    ("served", "ok", "told"),
    [
        ({"status": 404}, True, "it keeps no list of models, so whether it serves 'mine' can't be told"),
        ({"status": 405}, True, "can't be told"),
        ({"body": '{"models": []}'}, True, "can't be told"),
        ({"key": "secret"}, False, "refuses the API key"),
        ({"status": 500}, False, "it answers 500"),
        ({"body": "<html>"}, False, "is no server of models"),
    ],
)
def test_doctor_tells_what_a_servers_answer_means(actlet, served, ok, told):
    with listing(**served) as url:
        found = model_finding(actlet, "--model", f"{url}:mine")
    assert found["ok"] is ok
    assert told in (found["note"] if ok else found["remedy"])


@pytest.mark.parametrize(
    ("models", "told"),
    [
        (["one", "two"], "one, two"),
        ([], "no model"),
        (list("abcdefghijkl"), "a, b, c, d, e, f, g, h, i, j and 2 more"),
    ],
)
def test_doctor_names_the_models_there_are_where_the_one_that_is_asked_for_is_missing(actlet, models, told):
    with listing(*models) as url:
        found = model_finding(actlet, "--model", f"{url}:mine")
    assert (found["ok"], found["remedy"]) == (False, f"{url} doesn't list 'mine'; it has: {told}")


@pytest.mark.parametrize(
    ("listed", "asked"), [("models/mine", "mine"), ("mine:latest", "mine"), ("x/mine", "x/mine:nitro")]
)
def test_doctor_knows_a_model_by_what_servers_call_it(actlet, listed, asked):
    with listing("other", listed) as url:
        assert model_finding(actlet, "--model", f"{url}:{asked}")["ok"]


def test_doctor_notices_what_is_no_server_of_models_at_all(actlet):
    with no_http() as url:
        found = model_finding(actlet, "--model", f"{url}:mine")
    assert "is no server of models" in found["remedy"]


def test_doctor_says_once_what_is_wrong_with_docker(actlet, serve):
    _, model = serve("never asked")
    actlet.env["DOCKER_HOST"] = f"unix://{actlet.folder}/no-engine.sock"
    findings = json.loads(actlet("doctor", "--json", *model).stdout)["findings"]
    (found,) = [finding for finding in findings if finding["name"] == "box docker"]
    assert found["detail"].startswith("no container engine answers (unix://")
    assert found["remedy"].startswith("start Docker")
    assert "actlet doctor" not in found["remedy"]


def test_doctor_prints_its_findings_as_json(actlet, serve):
    _, model = serve("never asked")
    report = json.loads(actlet("doctor", "--json", *model).stdout)
    assert report["healthy"] is True
    assert {"Python", "packages", "local box", "model", "terminal"} <= {f["name"] for f in report["findings"]}
    assert all(f["ok"] for f in report["findings"] if f["essential"])


def test_doctor_knows_what_the_package_needs():
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    extras = {
        name: needed
        for name, needed in project["optional-dependencies"].items()
        if "actlet" not in str(needed) and name not in OF_BOXES
    }
    assert set(CORE) == set(names(project["dependencies"]))
    assert {extra: names(needed) for extra, needed in extras.items()} == EXTRAS


def test_doctor_tells_of_every_box(actlet, serve):
    _, model = serve("never asked")
    findings = json.loads(actlet("doctor", "--json", *model).stdout)["findings"]
    told = {finding["name"]: finding for finding in findings if finding["name"].startswith("box ")}
    assert told.keys() == {f"box {name}" for name in BOXES if name != "local"}
    assert all(finding["detail"] and (finding["ok"] or finding["remedy"]) for finding in told.values())


def names(requirements: list[str]) -> tuple[str, ...]:
    return tuple(requirement.split(">")[0].replace("-", "_") for requirement in requirements)


def test_the_demo_replays_a_run_to_the_right_answer(actlet):
    done = actlet("demo")
    assert done.returncode == 0, done.stderr
    assert "The answer is right." in done.stdout
    assert done.stdout.count(str(right_answer())) == 2
    assert "replay" in done.stderr
    assert "--live" in done.stderr
    assert "Step 2" in done.stderr


def test_the_demo_fails_when_the_answer_is_wrong(actlet, serve):
    wrong = replace(right_answer(), zones=1)
    _, (_, model) = serve(f"I guess.\n<code>\nfinal_answer({wrong.__dict__!r})\n</code>")
    done = actlet("demo", "--live", model)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "WRONG.")


def test_a_demo_whose_model_fails_has_no_answer_to_be_wrong(actlet, serve):
    _, (_, model) = serve(Answer(status=400, body={"error": {"message": "not today"}}))
    done = actlet("demo", "--live", model)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the run failed, so there is no answer to check" in done.stderr
    assert "not today" in done.stderr


def test_a_recording_that_cannot_be_kept_is_told_before_the_model_is_asked(actlet, serve):
    server, (_, model) = serve("never asked")
    done = actlet("demo", "--live", model, "--record", "nowhere/mine.jsonl")
    assert (done.returncode, done.stdout, server.requests) == (2, "", [])
    assert "nowhere/mine.jsonl" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_live_demo_can_be_recorded(actlet, serve, tmp_path):
    answer = f"I know.\n<code>\nfinal_answer({right_answer().__dict__!r})\n</code>"
    _, (_, model) = serve(answer)
    done = actlet("demo", "--live", model, "--record", "mine.jsonl")
    assert done.returncode == 0, done.stderr
    (record,) = map(json.loads, (tmp_path / "mine.jsonl").read_text().splitlines())
    assert "I know." in json.dumps(record["reply"])


def test_recording_needs_a_live_model(actlet):
    done = actlet("demo", "--record", "mine.jsonl")
    assert done.returncode == 2
    assert "--live" in done.stderr
