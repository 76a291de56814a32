"""No file of the product is written but by `osteo_core.files`: read from the source itself."""

import ast

import pytest

from tests.conftest import PROJECT

WRITERS = {f"osteo_core/files/{name}.py" for name in ("__init__", "holding", "under_way")}
# What is let through, and why.
ALLOWED = {
    "file.open('r+b', buffering=0)": "a half-built index grows batch by batch",
    "file.touch()": "the same, begun",
    "os.open(os.devnull, os.O_WRONLY)": "nowhere",
    "heat.save(stem)": "a heat map's own, which writes by files",
    "DreamStore().save(made)": "the same of dreams",
    "cv2.imwrite(str(file), rolled)": "a benchmark, into a temporary folder",
    "shutil.copyfile(contents.weights_file, file)": "a model file unpacked, in a temporary folder",
    "zipfile.ZipFile(file, 'w')": "the same",
    "h5py.File(file, 'r+')": "the same",
    "(folder / WEIGHTS).open('wb')": "the same",
}
OURS = {"write_text", "write_bytes", "save_weights"}  # by their bare name: of files and of weights
ALWAYS = {  # write to a path whatever they are given
    "write_text", "write_bytes", "touch", "mkdir", "makedirs", "mkstemp", "NamedTemporaryFile",
    "copyfile", "copy2", "copytree", "symlink_to", "hardlink_to", "save_weights", "save_model",
    "imwrite", "write_html", "write_image", "to_parquet", "to_excel", "to_pickle", "to_hdf",
    "savetxt", "tofile",
}  # fmt: skip
EITHER = {"to_csv", "to_json", "to_html", "save", "savez", "savez_compressed"}  # path or stream
MODES = {"open", "fdopen", "ZipFile", "memmap", "File"}  # tell what they do by a mode


def calls(source: str) -> list[str]:
    """The calls of a module that write to a path."""
    tree = ast.parse(source)
    streams = {"stream"} | set(_in_memory(tree))
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [ast.unparse(node) for node in nodes if _writes(node, streams)]


def _in_memory(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.value).endswith(
            ("BytesIO()", "StringIO()", "StringIO(newline='')")
        ):
            yield ast.unparse(node.targets[0])


def _writes(call: ast.Call, streams: set[str]) -> bool:
    is_method = isinstance(call.func, ast.Attribute)
    name = call.func.attr if is_method else getattr(call.func, "id", "")
    target = ast.unparse(call.args[0]) if call.args else ""
    if name in ALWAYS:
        return ast.unparse(call.func.value) != "files" if is_method else name not in OURS
    if name in MODES:
        return target not in streams and _has_writing_mode(call)
    return name in EITHER and bool(target) and target not in streams


def _has_writing_mode(call: ast.Call) -> bool:
    told = [*call.args, *(k.value for k in call.keywords if k.arg == "mode")]
    modes = [a.value for a in told if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    by_letters = any(set(m) & set("wax+") and set(m) <= set("rwaxbt+") for m in modes)
    return by_letters or any(f in ast.unparse(call) for f in ("O_WRONLY", "O_RDWR", "O_CREAT"))


def test_nothing_else_writes_a_file():
    wrong = []
    for folder in ("osteo_core", "osteo_ui", "pages"):
        for file in (PROJECT / folder).rglob("*.py"):
            name = file.relative_to(PROJECT).as_posix()
            if name not in WRITERS:
                found = calls(file.read_text("utf-8"))
                wrong += [f"{name}: {call}" for call in found if call not in ALLOWED]
    assert not wrong, "write it with osteo_core.files"


@pytest.mark.parametrize(
    "line",
    [
        "Path(p).write_text(t)",
        "open(p, 'w')",
        "p.open(mode='ab')",
        "os.open(p, os.O_WRONLY | os.O_CREAT)",
        "np.savez(p, a=1)",
        "frame.to_csv(p, index=False)",
        "image.save(p, 'PNG')",
        "zipfile.ZipFile(p, 'w')",
        "network.save_weights(p)",
        "folder.mkdir()",
    ],
)
def test_what_writes_to_a_path_is_found(line):
    assert calls(line) == [ast.unparse(ast.parse(line).body[0].value)]


@pytest.mark.parametrize(
    "line",
    [
        "files.write_text(p, t)",
        "p.open('rb')",
        "open(p)",
        "frame.to_csv(stream)",
        "frame.to_csv()",
        "file = io.BytesIO()\nimage.save(file, 'PNG')",
        "np.savez(stream, a=1)",
        "np.memmap(p, d, 'r')",
    ],
)
def test_what_reads_or_writes_to_a_stream_is_not(line):
    assert not calls(line)
