"""The edge to foreign files: whatever a reader runs into becomes one error and one sentence."""

import ast
import os
import zipfile
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

import osteo_core
from osteo_core.errors import BundleError, OsteoError, TableError
from osteo_core.foreign import is_there, plain_file, reading

PACKAGE = Path(osteo_core.__file__).parent


class Small(BaseModel):
    number: int


def not_a_number():
    Small.model_validate({"number": "many"})


def fail(error):
    raise error


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (ValueError("too\nmany\x00 lines."), "too many lines"),
        (KeyError("meta"), "it has no meta"),
        (OSError(5, "Input/output error"), "input/output error"),
        (MemoryError(), "more memory than there is"),
        (RecursionError(), "nested too deep"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "not text in UTF-8"),
        (zipfile.BadZipFile(""), "BadZipFile"),
        (IndexError(), "IndexError"),
        (ValueError("x" * 5000), "x" * 200),
    ],
)
def test_any_failure_is_one_sentence(cause, told):
    with pytest.raises(BundleError) as refused, reading("a.npz", BundleError, "weights"):
        fail(cause)
    text = str(refused.value)
    assert text.startswith("Expected weights. Received: a.npz (")
    assert told in text
    assert text.isprintable()
    assert len(text) < 300


def test_a_model_of_pydantic_says_where():
    said = pytest.raises(BundleError, match=r"\(number: Input should be a valid integer")
    with said, reading("card", BundleError, "a card"):
        not_a_number()
    with pytest.raises(ValidationError):
        not_a_number()


def test_another_readers_sentence_is_kept_and_ones_own_is_not_touched():
    with pytest.raises(BundleError, match=r"^A table\.$"), reading("x", BundleError, "y"):
        fail(TableError("A table."))
    own = BundleError("Mine.")
    with pytest.raises(BundleError) as refused, reading("x", BundleError, "y"):
        fail(own)
    assert refused.value is own
    with pytest.raises(KeyboardInterrupt), reading("x", OsteoError, "y"):
        fail(KeyboardInterrupt())


def test_only_a_plain_file_of_bounded_size_is_opened(tmp_path):
    (tmp_path / "small").write_bytes(b"abc")
    with plain_file(tmp_path / "small", 3) as stream:
        assert stream.read() == b"abc"
    with pytest.raises(ValueError, match="3 bytes where at most 2 bytes"):
        plain_file(tmp_path / "small", 2)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="a pipe"):
        plain_file(tmp_path / "pipe", 9)
    with pytest.raises(ValueError, match="a folder"):
        plain_file(tmp_path, 9)
    with pytest.raises(ValueError, match="a device"):
        plain_file("/dev/zero", 9)


def test_a_link_to_nowhere_is_there(tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    assert is_there(tmp_path / "link")
    assert not is_there(tmp_path / "other")
    assert not is_there(tmp_path / "a\0b")


def test_every_load_of_an_array_says_that_nothing_is_unpickled():
    seen = 0
    for file in [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "osteo_ui").rglob("*.py")]:
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            if ast.unparse(call.func) in ("np.load", "np.lib.format.read_array"):
                said = {word.arg: ast.unparse(word.value) for word in call.keywords}
                assert said.get("allow_pickle") == "False", f"{file}:{call.lineno}"
                seen += 1
    assert seen > 2
