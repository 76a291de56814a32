"""Recipes: published training protocols as data, with their source and where we deviate."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from osteo_core.card_fields import ClassNames, Side, Text, Title
from osteo_core.errors import RecipeError
from osteo_core.files import shown
from osteo_core.foreign import is_there, reading
from osteo_core.foreign.json_files import read_json
from osteo_core.training.augmentation import Augmentation

NON_TUMOR, NON_VIABLE, VIABLE = "Non-Tumor", "Non-Viable-Tumor", "Viable"
CLASSES = (NON_TUMOR, NON_VIABLE, VIABLE)
MOST_BYTES = 1 << 20
Keep = Literal["loss", "accuracy", "last"]
Rate = Annotated[float, Field(ge=0, le=1000)]
Share = Annotated[float, Field(ge=0, lt=1)]


class Stage(BaseModel):
    """One stretch of training.

    Attributes:
        name: Written to the history beside each epoch.
        frozen_up_to: The last frozen layer. Its output is computed once for each view of each
            tile and kept on disk; what follows is trained on it. None: all layers are trained,
            on fresh views.
        views: How many augmented views of each tile are kept, with the plain one on top.
        epochs: At most this many; each is one view of each training tile.
        head_rate: Peak learning rate of the layers on top of the convolution base.
        base_rate: Peak learning rate of the base's layers behind `frozen_up_to`; 0 freezes them.
        patience: Stop after this many epochs without a lower validation loss.
        batch: Tiles a step.
        keep: Which epoch's weights the stage ends with: that of the lowest validation `"loss"`, of
            the highest validation `"accuracy"` (the lower loss of equals), or the `"last"`, where
            the learning rate has come down.
        mixup: How much tiles (or their features) are mixed in pairs; 0 for not at all.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)
    name: Title
    frozen_up_to: Text | None = None
    views: Annotated[int, Field(ge=0, le=1000)] = 4
    epochs: Annotated[int, Field(ge=1, le=100_000)]
    head_rate: Rate
    base_rate: Rate
    patience: Annotated[int, Field(ge=1)] = 5
    batch: Annotated[int, Field(ge=1, le=4096)] = 16
    keep: Keep = "loss"
    mixup: Annotated[float, Field(ge=0, le=10)] = 0.0


class Recipe(BaseModel):
    """A training protocol.

    Attributes:
        start: A bundle whose tuned base is the starting point, or None for ImageNet weights.
        averaging: Decay a step of the running mean of the weights (Polyak averaging); the mean
            is what is validated and kept.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)
    name: Text
    title: Title
    architecture: Text
    classes: ClassNames
    input_size: tuple[Side, Side]
    preprocessing: Text
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=100)]
    source: Text
    deviations: tuple[Text, ...]
    start: Text | None = None
    pooling: Text = "avg"
    units: Annotated[tuple[int, ...], Field(max_length=100)]
    dropout: Share
    augmentation: Augmentation = Augmentation()
    class_weights: bool = True
    label_smoothing: Share = 0.05
    weight_decay: Rate = 1e-4
    averaging: Share = 0.98
    seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 7


_PAPER_000 = (
    "Mahmud et al., 'A Deep Learning Study on Osteosarcoma Detection from Histological Images "
    "and Visualize the Neurons Activations'"
)
_PAPER_001 = (
    "Chu and Khan, 'Transfer learning and data augmentation in osteosarcoma cancer detection', "
    "Journal of Emerging Investigators"
)

_COMMON = (
    "split by slide, not by tile: no tile of a training slide is tested",
    "quarter turns, mirrors, small rotation and zoom, stain strength varied",
    "epochs chosen by validation loss instead of a fixed number",
    "weights are the running mean over steps; features mixed in pairs (mixup) in some stages",
    "class weights while training, the cohort's class shares put back into the logits at the end",
)


def _binary(name: str, title: str, classes: tuple[str, str], base_rate: float) -> Recipe:
    return Recipe(
        name=name,
        title=title,
        architecture="vgg19",
        classes=classes,
        input_size=(256, 256),
        preprocessing="vgg19",
        start="vgg19-multiclass",
        units=(512, 1024),
        dropout=0.5,
        stages=(
            Stage(
                name="head and block5" if base_rate else "head",
                frozen_up_to="block4_pool",
                views=3,
                epochs=8,
                patience=4,
                keep="accuracy",
                mixup=0.2,
                head_rate=5e-4,
                base_rate=base_rate,
            ),
        ),
        source=_PAPER_000,
        deviations=(
            *_COMMON,
            "average pooling instead of flattening",
            "256 px instead of 375 px",
            "stands on the base tuned for three classes",
        ),
    )


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="vgg19-multiclass",
            title="VGG19, three classes",
            architecture="vgg19",
            classes=CLASSES,
            input_size=(256, 256),
            preprocessing="vgg19",
            units=(512, 1024),
            dropout=0.5,
            stages=(
                Stage(
                    name="head and block5",
                    frozen_up_to="block4_pool",
                    views=3,
                    epochs=10,
                    head_rate=5e-4,
                    base_rate=5e-5,
                ),
                Stage(
                    name="all layers",
                    epochs=3,
                    head_rate=1e-4,
                    base_rate=2e-5,
                    batch=8,
                    keep="last",
                ),
                Stage(
                    name="head and block5 again",
                    frozen_up_to="block4_pool",
                    views=3,
                    epochs=8,
                    head_rate=2e-4,
                    base_rate=2e-5,
                    keep="accuracy",
                    mixup=0.2,
                ),
            ),
            source=_PAPER_000,
            deviations=(
                *_COMMON,
                "average pooling instead of flattening",
                "256 px instead of 375 px",
                "the whole base is tuned at a low rate; at most 21 epochs instead of 1500",
            ),
        ),
        Recipe(
            name="mobilenetv2-multiclass",
            title="MobileNetV2, three classes",
            architecture="mobilenetv2",
            classes=CLASSES,
            input_size=(256, 256),
            preprocessing="mobilenetv2",
            units=(100,),
            dropout=0.3,
            stages=(
                Stage(
                    name="head",
                    frozen_up_to="out_relu",
                    views=1,
                    epochs=8,
                    head_rate=1e-3,
                    base_rate=0.0,
                ),
                Stage(
                    name="all layers",
                    epochs=10,
                    head_rate=5e-4,
                    base_rate=1e-4,
                    patience=5,
                    keep="accuracy",
                    mixup=0.2,
                ),
            ),
            source=_PAPER_001,
            deviations=(
                *_COMMON,
                "zoom within 1.2 instead of 0.5 to 2.5",
                "256 px",
                "the whole base is tuned instead of frozen",
            ),
        ),
        _binary("vgg19-nontumor-viable", "VGG19, non-tumour or viable", (NON_TUMOR, VIABLE), 0.0),
        _binary(
            "vgg19-nontumor-nonviable",
            "VGG19, non-tumour or non-viable tumour",
            (NON_TUMOR, NON_VIABLE),
            3e-5,
        ),
        _binary(
            "vgg19-nonviable-viable",
            "VGG19, non-viable or viable tumour",
            (NON_VIABLE, VIABLE),
            0.0,
        ),
    )
}


def find_recipe(name: str) -> Recipe:
    """A recipe by its name, or from a JSON file of the same fields.

    Raises:
        RecipeError: Neither a known name nor a readable file.
    """
    if name in RECIPES:
        return RECIPES[name]
    file = Path(name)
    if file.suffix == ".json" and is_there(file):
        with reading(shown(file), RecipeError, "a recipe as JSON"):
            return Recipe.model_validate(read_json(file, at_most=MOST_BYTES))
    raise RecipeError(
        f"Recipe must be one of {', '.join(RECIPES)}, or a .json file. Received: {name!r}."
    )
