"""Values that are more than text: `AgentText`, `AgentImage`, `AgentAudio`, and how tools' arguments and results
become them and stop being them.

`AgentImage(...)` is a real PIL image, of a subclass that is made when the first one is: importing this module needs
neither Pillow nor numpy. An `AgentAudio` and an `AgentText` are strings.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .errors import MissingExtraError

if TYPE_CHECKING:
    from PIL.Image import Image


class AgentType:
    """A value of a kind that a tool takes or gives: the value itself by `to_raw`, as text by `to_string`."""

    def to_raw(self) -> Any:
        """The value as the libraries of its kind take it."""
        raise NotImplementedError(f"{type(self).__name__} has no raw value")

    def to_string(self) -> str:
        """The value as text: for what is no text, the path of a file that holds it."""
        raise NotImplementedError(f"{type(self).__name__} has no text")


class AgentText(AgentType, str):
    """Text."""

    def to_raw(self) -> str:
        """The plain string."""
        return str.__str__(self)

    def to_string(self) -> str:
        """The plain string."""
        return str.__str__(self)


class AgentImage(AgentType):
    """An image: `AgentImage(value)` of a path, bytes of an image file, a PIL image, or an array or tensor.

    An array is height x width (x 3 or 4 channels; a tensor may have its channels first), of bytes, or of floats
    from 0 to 1. What is made is a PIL image and an `AgentImage` at once. Raises `TypeError` for anything else, and
    `MissingExtraError` without Pillow.
    """

    _path: str | None = None

    def __new__(cls, value: Any) -> AgentImage:  # noqa: ARG004, D102
        return object.__new__(_image_class() if cls is AgentImage else cls)

    def __init__(self, value: Any) -> None:
        image = _open_image(value)
        image.load()
        # PIL's copy is a plain image; taking its state over makes this object that image.
        self.__dict__.update(image.copy().__dict__)
        if isinstance(value, (str, os.PathLike)):
            self._path = os.fspath(value)

    def to_raw(self) -> Image:
        """A plain PIL image."""
        return self.copy()  # type: ignore[attr-defined, no-any-return]

    def to_string(self) -> str:
        """The path of a file with the image: where it came from, or a temporary PNG."""
        if self._path is None:
            self._path = _temporary_file(".png")
            self.to_raw().save(self._path, format="PNG")
        return self._path

    def __reduce__(self) -> Any:
        return AgentImage, (self.to_raw(),)


class AgentAudio(AgentType, str):
    """Sound: of the path of a file, an array or tensor of samples, or a pair (samples per second, samples).

    `samplerate` is in Hz, for samples that don't come with one. As a string it is the path, or "" for samples.
    """

    samplerate: int
    _samples: Any

    def __new__(cls, value: Any, samplerate: int = 16_000) -> AgentAudio:
        """Raises `TypeError` for a value that isn't sound."""
        audio = str.__new__(cls, os.fspath(value) if isinstance(value, (str, os.PathLike)) else "")
        audio.samplerate, audio._samples = samplerate, None
        if isinstance(value, tuple) and len(value) == 2:
            audio.samplerate, audio._samples = int(value[0]), _array(value[1])
        elif not isinstance(value, (str, os.PathLike)):
            audio._samples = _array(value)
        return audio

    def to_raw(self) -> Any:
        """The samples, a numpy array of floats. Needs soundfile to read a file."""
        if self._samples is None:
            self._samples, self.samplerate = _soundfile().read(str.__str__(self), dtype="float32")
        return self._samples

    def to_string(self) -> str:
        """The path of a file with the sound: where it came from, or a temporary WAV."""
        path = str.__str__(self) or self.__dict__.get("_path")
        if not path:
            path = self.__dict__["_path"] = _temporary_file(".wav")
            _soundfile().write(path, self._samples, samplerate=self.samplerate)
        return path

    def __reduce__(self) -> Any:
        return AgentAudio, (str.__str__(self) or (self.samplerate, self._samples), self.samplerate)


def handle_agent_input_types(*args: Any, **kwargs: Any) -> tuple[list[Any], dict[str, Any]]:
    """Arguments with their `AgentType`s unwrapped."""
    return [_unwrapped(arg) for arg in args], {name: _unwrapped(arg) for name, arg in kwargs.items()}


def handle_agent_output_types(output: Any, output_type: str | None = None) -> Any:
    """A tool's result wrapped by what the tool says it is, or else by what it is; None is left as it is."""
    if output is None or isinstance(output, AgentType):
        return output
    if output_type == "image" or _is_pil_image(output):
        return AgentImage(output)
    if output_type == "audio":
        return AgentAudio(output)
    return AgentText(output) if output_type == "string" or isinstance(output, str) else output


def encode_image_base64(image: Any) -> str:
    """The image as a PNG, in base64."""
    import base64
    from io import BytesIO

    buffer = BytesIO()
    image.save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def make_image_url(base64_image: str) -> str:
    """A data URL of a PNG in base64."""
    return f"data:image/png;base64,{base64_image}"


def _unwrapped(value: Any) -> Any:
    return value.to_raw() if isinstance(value, AgentType) else value


def _is_pil_image(value: Any) -> bool:
    """Whether this is a PIL image, found out without importing PIL."""
    return any(cls.__module__ == "PIL.Image" and cls.__name__ == "Image" for cls in type(value).__mro__)


@lru_cache(maxsize=1)
def _image_class() -> type[AgentImage]:
    base: Any = _pil().Image

    class AgentPILImage(AgentImage, base):  # type: ignore[misc]
        """An `AgentImage` that is a PIL image."""

    return AgentPILImage


def _open_image(value: Any) -> Any:
    if _is_pil_image(value):
        return value
    if isinstance(value, bytes):
        from io import BytesIO

        return _pil().open(BytesIO(value))
    if isinstance(value, (str, os.PathLike)):
        return _pil().open(value)
    if hasattr(value, "shape"):
        return _pil().fromarray(_pixels(_array(value)))
    raise TypeError(f"an image is made of a path, bytes, a PIL image or an array, not of {type(value).__name__}")


def _pixels(array: Any) -> Any:
    """An array as bytes, height x width x channels."""
    if array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.shape[2] not in (1, 3, 4):
        array = array.transpose(1, 2, 0)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.dtype.kind == "f":
        array = (array.clip(0, 1) * 255).round()
    return array.astype("uint8")


def _array(value: Any) -> Any:
    """A tensor or an array as a numpy array. Raises `TypeError` for what is neither."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if not hasattr(value, "shape"):
        raise TypeError(f"expected an array or a tensor, not {value!r} of type {type(value).__name__}")
    return value


def _temporary_file(suffix: str) -> str:
    import tempfile

    handle, path = tempfile.mkstemp(prefix="actlet-", suffix=suffix)
    os.close(handle)
    return path


def _pil() -> Any:
    try:
        import PIL.Image
    except ImportError as error:
        raise MissingExtraError("AgentImage", "images") from error
    return PIL.Image


def _soundfile() -> Any:
    try:
        import soundfile
    except ImportError as error:
        raise MissingExtraError("AgentAudio", "audio") from error
    return soundfile
