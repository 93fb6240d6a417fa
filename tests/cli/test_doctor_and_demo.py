import json
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

from openai_server import OpenAIServer

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
    done = actlet("doctor", "--model", "nobody:nothing")
    assert done.returncode == 0
    assert "missing  model" in done.stdout
    assert "actlet demo" in done.stdout
    assert "pip install --force-reinstall" not in done.stdout


def test_doctor_notices_a_server_that_does_not_answer(actlet):
    with OpenAIServer() as server:
        url = server.url
    done = actlet("doctor", "--model", f"{url}:stand-in")
    assert "missing  model" in done.stdout
    assert url in done.stdout


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
