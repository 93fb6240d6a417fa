import json
import signal
import socket
import sqlite3
import time

import pytest
from command_support import code
from openai_server import Answer


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def test_the_answer_goes_to_stdout_and_everything_else_to_stderr(actlet, serve):
    _, model = serve(code("print('half way')"), code("final_answer(6 * 7)"))
    done = actlet("run", *model, "What is 6 times 7?")
    assert (done.returncode, done.stdout) == (0, "42\n")
    for told in ("What is 6 times 7?", "Step 1", "half way", "Step 2", "stand-in"):
        assert told in done.stderr
    assert "Final answer" not in done.stderr


def test_quiet_shows_nothing_but_the_answer(actlet, serve):
    _, model = serve(code("final_answer('yes')"))
    done = actlet("run", *model, "-q", "Is it?")
    assert (done.returncode, done.stdout, done.stderr) == (0, "yes\n", "")


def test_a_task_can_come_from_stdin(actlet, serve):
    server, model = serve(code("final_answer(1)"))
    assert actlet("run", *model, "-", text="Count to one.\n").stdout == "1\n"
    assert "Count to one." in json.dumps(server.requests[0])


def test_json_prints_the_whole_result_as_one_object(actlet, serve):
    _, model = serve(code("final_answer({'a': [1, 2]})"))
    done = actlet("run", *model, "--json", "Go.")
    result = json.loads(done.stdout)
    assert result["output"] == {"a": [1, 2]}
    assert (result["state"], result["success"], result["error"]) == ("success", True, None)
    assert result["token_usage"]["input_tokens"] == 50
    assert len(result["steps"]) == 2


def test_a_model_that_fails_ends_with_exit_code_1_and_says_why(actlet, serve):
    _, model = serve(Answer(status=400, body={"error": {"message": "no such model here"}}))
    done = actlet("run", *model, "Go.")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("no such model here") == 1


def test_json_tells_of_a_failure_too(actlet, serve):
    _, model = serve(Answer(status=400, body={"error": {"message": "no such model here"}}))
    done = actlet("run", *model, "--json", "Go.")
    result = json.loads(done.stdout)
    assert done.returncode == 1
    assert (result["state"], result["success"], result["output"]) == ("error", False, None)
    assert result["error"]["type"] == "AgentGenerationError"
    assert "no such model here" in result["error"]["message"]


@pytest.mark.parametrize("command", ["run", "chat"])
def test_a_server_that_is_not_running_is_told_at_once_by_its_url(actlet, command):
    url = f"http://127.0.0.1:{free_port()}/v1"
    done = actlet(command, "--model", f"{url}:stand-in", *(["Go."] if command == "run" else []), text="Go.\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"nothing answers at {url}; is the server running?" in done.stderr
    assert "Traceback" not in done.stderr


def test_json_tells_of_a_server_that_is_not_running(actlet):
    done = actlet("run", "--json", "--model", f"http://127.0.0.1:{free_port()}/v1:stand-in", "Go.")
    assert done.returncode == 1
    assert "nothing answers" in json.loads(done.stdout)["error"]["message"]


def test_a_failure_tells_the_url_when_the_server_has_gone_away(actlet, serve):
    server, model = serve(Answer(status=400, delay=3))
    process = actlet.start("run", *model, "Go.")
    assert server.wait_for("at_once", 1)
    server.close()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"nothing answers at {server.url}; is the server running?" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--nonsense", "Go."], "--nonsense"),
        (["--max-steps", "0", "Go."], "--max-steps: it must be a whole number, 1 or more, not '0'"),
        (["--planning-interval", "often", "Go."], "1 or more, not 'often'"),
        (["--snippet-timeout", "-1", "Go."], "more than 0, not '-1'"),
        (["  "], "the task is empty"),
        (["--tools", "no_such_tool", "Go."], "'no_such_tool'"),
        (["--tools", "sql", "Go."], "sql=sqlite:///"),
        (["--tools", "calculator=5", "Go."], "takes no setting"),
        (["--tools", "sql=nonsense", "Go."], "'sql' could not be made"),
        (["--tools", "gone.py:search", "Go."], "'gone.py' could not be loaded"),
        (["--tools", "json:nothing", "Go."], "'json:nothing' does not exist"),
        (["--tools", "json:decoder", "Go."], "is a module"),
        (["--output-type", "list[", "Go."], "'list['"),
        (["--output-type", "__import__", "Go."], "'__import__'"),
        (["--output-type", "int[str]", "Go."], "'int[str]'"),
        (["--output-type", "None[int]", "Go."], "'None[int]'"),
        (["--output-type", "Any[int]", "Go."], "'Any[int]'"),
        (["--output-type", "None", "Go."], "use str, int, float, bool, list, dict, tuple, set, Any, such a type"),
        (["--var", "1x=3", "Go."], "'1x=3'"),
        (["--var", "class=1", "Go."], "'class=1'"),
        (["--file", "class=gone.log", "Go."], "'class=gone.log'"),
        (["--file", "log=gone.log", "Go."], "'gone.log'"),
        (["--image", "gone.png", "Go."], "'gone.png'"),
        (["--image", __file__, "Go."], "could not be read as an image"),
        (["--executor", "cellar", "Go."], "cellar"),
    ],
)
def test_a_command_that_is_not_understood_ends_with_exit_code_2(actlet, serve, arguments, told):
    server, model = serve("never asked")
    done = actlet("run", *model, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert server.requests == []


def test_an_image_that_is_cut_short_ends_with_exit_code_2(actlet, serve, tmp_path):
    from PIL import Image

    Image.effect_noise((64, 64), 50).save(tmp_path / "whole.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:1000])
    server, model = serve("never asked")
    done = actlet("run", *model, "--image", "half.png", "Look.")
    assert (done.returncode, done.stdout, server.requests) == (2, "", [])
    assert "'half.png' could not be read as an image" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_image_without_pillow_says_what_to_install(actlet, serve, tmp_path):
    (tmp_path / "PIL.py").write_text("raise ImportError('there is no Pillow here')")
    (tmp_path / "dot.png").write_bytes(b"")
    server, model = serve("never asked")
    done = actlet("run", *model, "--image", "dot.png", "Look.")  # -m has the current folder searched first
    assert (done.returncode, done.stdout, server.requests) == (2, "", [])
    assert "pip install 'actlet[images]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_when_the_steps_run_out_the_best_answer_so_far_is_printed_with_exit_code_3(actlet, serve):
    _, model = serve(code("x = 1"), code("x = 2"), "About two, I think.")
    done = actlet("run", *model, "--max-steps", "2", "How many?")
    assert (done.returncode, done.stdout) == (3, "About two, I think.\n")
    assert "2 steps weren't enough" in done.stderr


def test_a_model_that_nobody_offers_ends_with_exit_code_4(actlet):
    done = actlet("run", "--model", "nobody:nothing", "Go.")
    assert (done.returncode, done.stdout) == (4, "")
    assert "nobody" in done.stderr


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("replay:gone.jsonl", "replay:gone.jsonl is no recording that can be replayed: "),
        ("replay:", "is no recording"),
        ("replay:/", "is no recording"),
        (f"replay:{__file__}", "is no recording"),
        ("http://[::1/v1:m", "is no URL"),
        ("http://127.0.0.1:99999/v1:m", "out of range"),
    ],
)
@pytest.mark.parametrize("command", [("run", "Go.", "--model"), ("doctor", "--model"), ("demo", "--live")])
def test_a_model_that_cannot_be_had_is_told_in_words(actlet, command, spec, told):
    done = actlet(*command, spec)
    assert done.returncode == (1 if command[0] == "doctor" else 4)
    assert told in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("setting", ["http://[::1/v1", "http://127.0.0.1:99999/v1"])
def test_openais_own_setting_may_hold_nonsense(actlet, setting):
    actlet.env |= {"OPENAI_BASE_URL": setting, "OPENAI_API_KEY": "k"}
    for command in (("run", "-q", "Go."), ("doctor",)):
        done = actlet(*command, "--model", "openai:m")
        assert done.returncode == 1
        assert "Traceback" not in done.stderr


def test_json_is_json_whatever_the_numbers_are(actlet, serve):
    def no_json(name):
        raise AssertionError(f"{name} is no JSON")

    _, model = serve(code("final_answer([float('inf'), float('-inf'), float('nan'), 1.5])"))
    named = ["Infinity", "-Infinity", "NaN", 1.5]
    whole = json.loads(actlet("run", *model, "--json", "Go.").stdout, parse_constant=no_json)
    assert whole["output"] == named
    assert json.loads(actlet("run", *model, "Go.").stdout, parse_constant=no_json) == named


def test_ctrl_c_stops_at_once_and_says_how_far_it_came(actlet, serve):
    server, model = serve(code("x = 1"), Answer("too late", delay=30))
    process = actlet.start("run", *model, "Go.")
    assert server.wait_for("at_once", 1)
    deadline = time.monotonic() + 60
    while len(server.requests) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    stopped = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - stopped < 15  # the reply would take 30 s
    assert (process.returncode, out) == (130, "")
    assert "stopped after 1 step\n" in err
    assert "Traceback" not in err
    assert server.wait_for("hung_up", 1)


def test_json_tells_of_ctrl_c_too(actlet, serve):
    server, model = serve(Answer("too late", delay=30))
    process = actlet.start("run", *model, "--json", "Go.")
    assert server.wait_for("at_once", 1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    result = json.loads(out)
    assert (process.returncode, result["success"], result["output"]) == (130, False, None)
    assert result["error"] == {"type": "KeyboardInterrupt", "message": "stopped after 0 steps"}


def test_ctrl_c_stops_a_snippet_that_never_ends(actlet, serve):
    _, model = serve(code("print('spinning')\nwhile True:\n    pass"))
    process = actlet.start("run", *model, "Go.")
    for line in process.stderr:
        if line.strip() == "spinning":
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_typed_answer_is_held_to_its_type(actlet, serve):
    _, model = serve(code("final_answer('many')"), code("final_answer([1, 2])"))
    done = actlet("run", *model, "--output-type", "list[int]", "Which?")
    assert (done.returncode, done.stdout) == (0, "[1, 2]\n")
    assert "not of the type" in done.stderr


TOOLS = """
from dataclasses import dataclass

@dataclass
class Place:
    name: str
    height: int

def height_of(name: str) -> int:
    "The height of a mountain in metres."
    return {"Zugspitze": 2962}[name]
"""


def test_tools_and_types_of_the_users_own_are_loaded_from_a_file(actlet, serve, tmp_path):
    (tmp_path / "mine.py").write_text(TOOLS)
    server, model = serve(code("final_answer({'name': 'Zugspitze', 'height': height_of('Zugspitze')})"))
    done = actlet("run", *model, "--tools", "mine.py:height_of", "--output-type", "mine.py:Place", "How high?")
    assert (done.returncode, done.stdout) == (0, '{"name": "Zugspitze", "height": 2962}\n')
    assert "The height of a mountain in metres." in json.dumps(server.requests[0])


def test_a_tool_of_the_toolbox_takes_its_setting(actlet, serve, tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("create table sales (amount integer)")
        database.executemany("insert into sales values (?)", [(5,), (7,)])
    _, model = serve(code("final_answer(sql('select sum(amount) as total from sales')[0]['total'])"))
    done = actlet("run", *model, "--tools", "calculator,sql=sqlite:///shop.db", "How much?")
    assert (done.returncode, done.stdout) == (0, "12\n")


def test_variables_and_files_are_there_for_the_code(actlet, serve, tmp_path):
    (tmp_path / "server.log").write_text("ok\nERROR a\nERROR b\n")
    _, model = serve(code("final_answer([log.count('ERROR'), limits['low'], word])"))
    done = actlet(
        "run", *model, "--file", "log=server.log", "--var", 'limits={"low": 3}', "--var", "word=plain", "Count."
    )
    assert done.stdout == '[2, 3, "plain"]\n'


def test_imports_and_the_snippet_timeout_reach_the_box(actlet, serve):
    _, model = serve(code("import json, textwrap\nwhile True:\n    pass"), code("final_answer(json.dumps([1]))"))
    done = actlet("run", *model, "--imports", "json,textwrap", "--snippet-timeout", "0.3", "Go.")
    assert (done.returncode, done.stdout) == (0, "[1]\n")
    assert "0.3" in done.stderr


def test_an_agent_may_act_by_tool_calls(actlet, serve, tmp_path):
    (tmp_path / "mine.py").write_text(TOOLS)
    calls = [[("height_of", {"name": "Zugspitze"})], [("final_answer", {"answer": 2962})]]
    _, model = serve(*(Answer(tool_calls=made) for made in calls))
    done = actlet("run", *model, "--agent", "tool-calling", "--tools", "mine.py:height_of", "How high?")
    assert (done.returncode, done.stdout) == (0, "2962\n")
    assert "Calling tool: 'height_of' with arguments: {'name': 'Zugspitze'}" in done.stderr


def test_a_reply_cannot_write_to_the_terminal_in_other_ways_than_text(actlet, serve):
    _, model = serve(code("final_answer('done')  # \x1b]0;owned\x07"))
    assert "\x1b" not in actlet("run", *model, "Go.").stderr
