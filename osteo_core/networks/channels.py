"""Which steps of a network keep channels apart."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osteo_core.networks.graph import Graph, Step

# Channel k of the output is channel k of the input, at other places, scaled or bent.
CHANNELS_STAY = frozenset(
    {
        *("MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D"),
        *("BatchNormalization", "Rescaling", "Normalization", "Identity", "Cast"),
        *("ZeroPadding2D", "Cropping2D", "UpSampling2D", "Resizing", "ActivityRegularization"),
        *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Relu", "Relu6", "Elu"),
        *("Sigmoid", "HardSigmoid", "Silu", "HardSilu", "Gelu", "Selu", "Tanh", "Softplus"),
        *("Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout"),
        *("Negative", "Absolute", "Clip"),
        *("RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast"),
        "RandomBrightness",
    }
)


def last_apart(graph: "Graph", name: str) -> str:
    """The last tensor behind a layer up to which its channels do not meet.

    Args:
        graph: The network.
        name: The layer.

    Returns:
        The layer itself, or the end of the chain of pooling, normalising and bending behind it;
        entry k of its last axis depends on channel k of the layer and on nothing else of it.
    """
    while True:
        readers = [step for step in graph.steps if name in step.inputs]
        if len(readers) != 1 or not _keeps_apart(readers[0]):
            return name
        name = readers[0].name


def _keeps_apart(step: "Step") -> bool:
    activation = getattr(getattr(step.operation, "activation", None), "__name__", "")
    kept = type(step.operation).__name__ in CHANNELS_STAY and "softmax" not in activation
    return kept and len(step.inputs) == len(step.outputs) == 1
