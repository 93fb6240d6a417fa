import base64
import io
import pickle
import subprocess
import sys

import pytest

from actlet.media import (
    AgentAudio,
    AgentImage,
    AgentText,
    AgentType,
    encode_image_base64,
    handle_agent_input_types,
    handle_agent_output_types,
    make_image_url,
)

PIL_Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def picture():
    image = PIL_Image.new("RGB", (6, 5), "white")
    image.putpixel((1, 0), (255, 0, 0))
    return image


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def test_an_image_is_made_of_all_that_holds_one(picture, tmp_path):
    path = tmp_path / "p.png"
    picture.save(path)
    for value in (picture, png(picture), path, str(path), AgentImage(picture)):
        image = AgentImage(value)
        assert isinstance(image, AgentImage)
        assert isinstance(image, AgentType)
        assert isinstance(image, PIL_Image.Image)
        assert image.size == (6, 5)
        assert image.getpixel((1, 0)) == (255, 0, 0)
        assert type(image.to_raw()) is PIL_Image.Image


def test_an_array_is_not_inverted(picture):
    numpy = pytest.importorskip("numpy")
    array = numpy.asarray(picture)
    for value in (array, array / 255.0, (array / 255.0).transpose(2, 0, 1).astype("float32")):
        assert AgentImage(value).getpixel((0, 0)) == (255, 255, 255)
        assert AgentImage(value).getpixel((1, 0)) == (255, 0, 0)
    assert AgentImage(array[:, :, 0]).mode == "L"


def test_an_image_as_text_is_the_path_of_a_file_with_it(picture, tmp_path):
    path = tmp_path / "p.png"
    picture.save(path)
    assert AgentImage(path).to_string() == str(path)
    made = AgentImage(picture)
    assert PIL_Image.open(made.to_string()).size == (6, 5)
    assert made.to_string() == made.to_string()


def test_an_image_saves_converts_and_pickles_as_one(picture, tmp_path):
    image = AgentImage(picture)
    image.save(tmp_path / "q.png")
    assert PIL_Image.open(tmp_path / "q.png").size == (6, 5)
    assert image.convert("L").getpixel((0, 0)) == 255
    again = pickle.loads(pickle.dumps(image))
    assert isinstance(again, AgentImage)
    assert again.tobytes() == image.tobytes()


def test_what_is_no_image_is_refused():
    with pytest.raises(TypeError, match="not of dict"):
        AgentImage({})


def test_text_is_a_string():
    text = AgentText("hi")
    assert text == "hi"
    assert type(text.to_raw()) is str
    assert text.to_string() == "hi"


def test_audio_keeps_its_samples_and_rate():
    numpy = pytest.importorskip("numpy")
    samples = numpy.zeros(8, dtype="float32")
    audio = AgentAudio((8000, samples))
    assert audio.samplerate == 8000
    assert audio.to_raw() is samples
    assert AgentAudio(samples).samplerate == 16_000
    assert AgentAudio("/tmp/x.wav").to_string() == "/tmp/x.wav"
    again = pickle.loads(pickle.dumps(audio))
    assert again.samplerate == 8000
    assert (again.to_raw() == samples).all()
    with pytest.raises(TypeError, match="array or a tensor"):
        AgentAudio(3)


def test_audio_is_written_and_read_as_a_file():
    pytest.importorskip("soundfile")
    numpy = pytest.importorskip("numpy")
    path = AgentAudio((8000, numpy.linspace(-0.5, 0.5, 100))).to_string()
    read = AgentAudio(path)
    assert read.to_raw()[0] == pytest.approx(-0.5, abs=1e-3)
    assert read.samplerate == 8000


def test_arguments_are_unwrapped(picture):
    args, kwargs = handle_agent_input_types(AgentText("a"), 1, image=AgentImage(picture))
    assert type(args[0]) is str
    assert args[1] == 1
    assert type(kwargs["image"]) is PIL_Image.Image


def test_results_are_wrapped_by_their_type_or_by_what_they_are(picture):
    assert type(handle_agent_output_types("a")) is AgentText
    assert isinstance(handle_agent_output_types(picture), AgentImage)
    assert isinstance(handle_agent_output_types(png(picture), "image"), AgentImage)
    assert type(handle_agent_output_types(3, "string")) is AgentText
    assert handle_agent_output_types(3) == 3
    assert handle_agent_output_types(None, "string") is None


def test_an_image_goes_to_a_data_url(picture):
    url = make_image_url(encode_image_base64(picture))
    head, _, data = url.partition(",")
    assert head == "data:image/png;base64"
    assert PIL_Image.open(io.BytesIO(base64.b64decode(data))).size == (6, 5)


def test_importing_media_loads_no_library():
    code = "import actlet.media, sys; print([m for m in ('PIL', 'numpy', 'soundfile') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
