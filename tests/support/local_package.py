"""A package of one module, from which pip can build without any index."""

from pathlib import Path

MODULE = "def hello():\n    return 'hello from the package'\n"
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "greeting"
version = "1.0"
"""
BACKEND = """
import os, time, zipfile

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    open("builds.txt", "a").write("built\\n")
    time.sleep(float(os.environ.get("BUILD_SECONDS", "0")))
    name = "greeting-1.0-py3-none-any.whl"
    metadata = {
        "METADATA": "Metadata-Version: 2.1\\nName: greeting\\nVersion: 1.0\\n",
        "WHEEL": "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.write("greeting.py")
        for file, text in metadata.items():
            wheel.writestr(f"greeting-1.0.dist-info/{file}", text)
    return name
"""


def write_package(folder: Path) -> str:
    """Write the package into a new folder. Gives the requirement that names it."""
    folder.mkdir()
    for name, text in {"greeting.py": MODULE, "backend.py": BACKEND, "pyproject.toml": PROJECT}.items():
        (folder / name).write_text(text)
    return f"greeting@{folder.as_uri()}"
