"""A baseline: the obvious, wrong worker. `exec` in an ordinary process, lines of JSON on its standard input and
output, pickle where JSON has no word, tools asked for over the same pipe, environment and descriptors inherited.
"""

import base64
import contextlib
import io
import json
import pickle
import sys


class Tool:
    def __init__(self, name):
        self.name = name

    def __call__(self, *args, **kwargs):
        print(
            json.dumps({"call": self.name, "args": list(args), "kwargs": kwargs}), file=sys.__stdout__, flush=True
        )
        return json.loads(sys.stdin.readline())["ret"]


class FinalAnswerException(BaseException):
    def __init__(self, value):
        self.value = value


def final_answer(value):
    raise FinalAnswerException(value)


def encoded(value):
    try:
        return {"json": json.loads(json.dumps(value))}
    except Exception:
        return {"pickle": base64.b64encode(pickle.dumps(value)).decode()}


def ran(namespace, code):
    """What came of a snippet. The final answer is told by the name of an exception: any class of that name will do."""
    printed, error, final, value = io.StringIO(), None, False, None
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(code, "<agent>", "exec"), namespace)
            value = namespace.get("result")
        except BaseException as raised:
            if type(raised).__name__ == "FinalAnswerException":
                final, value = True, getattr(raised, "value", None)
            else:
                error = f"{type(raised).__name__}: {raised}"
    return {"result": encoded(value), "logs": printed.getvalue(), "error": error, "final": final}


def main():
    namespace = {"__name__": "__main__", "final_answer": final_answer}
    for line in sys.stdin:
        message = json.loads(line)
        namespace.update(message["vars"])
        namespace.update({name: Tool(name) for name in message["tools"]})
        print(json.dumps({**ran(namespace, message["code"]), "id": message["id"]}), file=sys.__stdout__, flush=True)


main()
