"""The commands that are killed, each with a small input and something good in its way."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 32
CLASSES = ("blue", "red")


@dataclass(frozen=True)
class Command:
    """A command under trial.

    Attributes:
        name: Its name.
        argv: Its arguments, given where it writes to.
        older: Those of another run, whose good result it is to replace; none where that is refused.
        keeps: Files that a run which is to go on may leave, by the start of their path.
        reads: Raises when a result cannot be read.
    """

    name: str
    argv: Callable[[Path], list[str]]
    older: Callable[[Path], list[str]] | None
    reads: Callable[[Path], object]
    keeps: tuple[str, ...] = ()


def light(folder: Path) -> dict[str, Command]:
    """Those that need no network."""
    tiles(folder / "tiles")
    source = str(folder / "tiles")

    def argv(seed: int) -> Callable[[Path], list[str]]:
        def made(out: Path) -> list[str]:
            more = ["--split", "tile", "--seed", str(seed)]
            return ["cohort", "import", source, "--to", str(out), *more]

        return made

    return {"import": Command("import", argv(7), argv(8), _read_cohort)}


def heavy(folder: Path) -> dict[str, Command]:
    """Those that do; TensorFlow must not have computed anything yet in this process."""
    _toy_architecture()
    make_in_child(lambda: _networks(folder))
    backbone, cohort = str(folder / "toy.weights.h5"), str(folder / "cohort")
    os.environ["OSTEO_MODELS"] = str(folder / "models")
    given = ["--classes", ",".join(CLASSES), "--preprocessing", "rescale"]
    model = ["--model", str(folder / "toy.keras"), *given]
    files = sorted(map(str, (folder / "tiles").rglob("*.png")))

    def train(recipe: str) -> Callable[[Path], list[str]]:
        more = ["--cohort", cohort, "--backbone-weights", backbone, "--replace"]
        recipe = str(folder / f"{recipe}.json")
        return lambda out: ["train", "--recipe", recipe, "--out", str(out), *more]

    def explain(target: str) -> Callable[[Path], list[str]]:
        return lambda out: ["explain", *model, "--target", target, "--out", str(out), *files[:12]]

    def report(shown: int) -> Callable[[Path], list[str]]:
        more = ["--cohort", cohort, "--tiles", str(shown), "--part", "all"]
        return lambda out: ["report", *more, "--out", str(out / "report.html")]

    def predict(number: int) -> Callable[[Path], list[str]]:
        return lambda out: ["predict", *model, "--out", str(out / "p.csv"), *files[:number]]

    return {
        "train": Command("train", train("new"), train("old"), _read_bundle, (".training",)),
        "index": Command(
            "index",
            lambda out: ["index", *model, "--cohort", cohort, "--to", str(out)],
            None,
            _read_index,
            ("units.partial",),
        ),
        "explain": Command("explain", explain("blue"), explain("red"), _read_maps),
        "report": Command("report", report(4), report(1), _read_text("report.html", "</html>")),
        "predict": Command("predict", predict(20), predict(9), _read_text("p.csv", "\n")),
    }


def tiles(folder: Path, number: int = 48) -> None:
    """Noisy tiles, red or blue, a folder a class."""
    rng = np.random.default_rng(1)
    for i in range(number):
        pixels = rng.integers(0, 90, (40, 40, 3), dtype=np.uint8)
        pixels[..., (2, 0)[i % 2]] += 120
        (folder / CLASSES[i % 2]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / CLASSES[i % 2] / f"t{i:02}.png")


def make_in_child(make: Callable[[], object]) -> None:
    """Compute in a process that ends: a fork of one that has computed with TensorFlow hangs."""
    pid = os.fork()
    if not pid:
        try:
            make()
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        raise RuntimeError("the networks could not be made")


def _toy_base(input_size, weights):
    import keras

    inputs = keras.Input((*input_size, 3))
    x = keras.layers.Conv2D(6, 3, activation="relu", name="conv1")(inputs)
    return keras.Model(inputs, keras.layers.Conv2D(6, 3, activation="relu", name="conv2")(x))


def _toy_architecture() -> None:
    from osteo_core.networks.build import BASES, Base

    BASES["toy"] = Base(_toy_base, end="conv2")


def _networks(folder: Path) -> None:
    import keras

    from osteo_core.cohorts import read_cohort
    from osteo_core.cohorts.importing import import_cohort
    from osteo_core.networks.build import Head, build_network
    from osteo_core.training.run import train

    keras.utils.set_random_seed(3)
    backbone = folder / "toy.weights.h5"
    _toy_base((SIDE, SIDE), None).save_weights(backbone)
    build_network("toy", 2, (SIDE, SIDE), Head("avg", (8,), 0.2)).save(folder / "toy.keras")
    import_cohort(folder / "tiles", folder / "cohort", split="tile")
    for name, seed in (("new", 7), ("old", 8)):
        (folder / f"{name}.json").write_text(_recipe(seed).model_dump_json())
    cohort = read_cohort(folder / "cohort")
    train(_recipe(7), cohort, folder / "models" / "toy", backbone_weights=backbone, report=str)


def _recipe(seed: int):
    from osteo_core.training.recipes import Recipe, Stage

    rates = {"epochs": 3, "batch": 8}
    head = Stage(name="head", frozen_up_to="conv1", views=1, head_rate=0.02, base_rate=0, **rates)
    return Recipe(
        name="toy", title="Toy", architecture="toy", classes=CLASSES, units=(8,),
        input_size=(SIDE, SIDE), preprocessing="rescale", source="none", deviations=(),
        stages=(head, Stage(name="all layers", head_rate=0.01, base_rate=0.01, **rates)),
        dropout=0.2, averaging=0.5, seed=seed,
    )  # fmt: skip


def _read_cohort(out: Path) -> None:
    from osteo_core.cohorts import read_cohort

    assert len(read_cohort(out).tiles) == 48


def _read_bundle(out: Path) -> None:
    from osteo_core.bundles import load_bundle

    bundle = load_bundle(out)
    bundle.weight_files()
    assert len(bundle.predictions()) == 48
    assert len(bundle.history()) == 6


def _read_index(out: Path) -> None:
    from osteo_core.unit_index import open_index

    open_index(out)


def _read_maps(out: Path) -> None:
    from osteo_core.heatmap import load_heatmap

    for told in json.loads((out / "manifest.json").read_text())["maps"]:
        heat = load_heatmap(out / f"{told['stem']}.{told['method']}.npz")
        assert heat.values_sha256 == told["values_sha256"]


def _read_text(name: str, end: str) -> Callable[[Path], None]:
    def read(out: Path) -> None:
        assert (out / name).read_text().endswith(end)

    return read
