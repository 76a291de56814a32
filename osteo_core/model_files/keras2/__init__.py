"""Files of Keras 2: the network is built anew from their settings, layer by layer, in Keras 3.

Keras 3's own reader trips over most of them. Here every layer's class is looked up in a list, its
settings are repaired (`layers`), TensorFlow's own functions become `keras.ops` (`ops`), calls are
repeated as they were recorded (`graph`), and weights are put in by the file's own order and names,
each with its shape checked (`weights`).
"""

from typing import Any

from osteo_core.model_files.contents import Contents
from osteo_core.model_files.keras2.graph import build
from osteo_core.model_files.keras2.weights import fill


def load(contents: Contents) -> Any:
    """Build the network of a file of Keras 2 and load its weights.

    Args:
        contents: The open file.

    Returns:
        The `keras.Model`.

    Raises:
        Unreadable: It holds what Keras 3 has no equal of, or its weights do not fit its layers.
    """
    network = build(contents.config)
    fill(network, contents)
    return network.made
