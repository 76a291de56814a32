"""The address of a unit: a channel of a convolution or a neuron of a fully connected layer."""

import re
from dataclasses import dataclass

from osteo_core.errors import ModelError

_ADDRESS = re.compile(r"(?P<layer>.+):(?P<index>\d{1,6})", re.ASCII)


@dataclass(frozen=True, order=True)
class Unit:
    """A unit of a network.

    Attributes:
        layer: Name of its layer.
        index: Its place on the layer's last axis, from 0.
    """

    layer: str
    index: int

    def __str__(self) -> str:
        """As it is written: `block5_conv4:17`."""
        return f"{self.layer}:{self.index}"

    @classmethod
    def parse(cls, text: str) -> "Unit":
        """Read an address.

        Raises:
            ModelError: The text is none.
        """
        found = _ADDRESS.fullmatch(text)
        if found is None:
            raise ModelError(f"Expected a unit, as in block5_conv4:17. Received: {text!r}.")
        return cls(found["layer"], int(found["index"]))
