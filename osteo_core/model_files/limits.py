"""What a model file may ask for, and the one sentence when it asks for more."""

from osteo_core.errors import ModelError

MEMBERS = 2_000  # files in an archive
OBJECTS = 200_000  # groups and arrays in an HDF5 file
UNPACKED_BYTES = 8 << 30  # all weights of a file together
UNPACKED_FREE = 64 << 20  # up to here a file may be packed as tightly as it likes;
UNPACKED_RATIO = 20  # above, trained weights never pack to a twentieth of their size
SETTINGS_BYTES = 16 << 20  # EfficientNetB7's settings are 0.6 MB
SETTINGS_DEPTH = 200
LAYER_CALLS = 1_200  # NASNetLarge makes 1,041; counted through nested networks
INPUT_SIDE = 4_096  # pixels
BATCH = 64  # tiles at once, of a network that takes no other number
MULTIPLICATIONS = 500_000_000_000  # a tile: VGG19 takes 20 billion at 224 pixels, 410 at 1,024
SEQUENCE_STEPS = 16_384  # of a recurrent layer: 128 × 128 places
TENSOR_ELEMENTS = 1 << 26  # of one tile's output of one layer: VGG19 at 1,024 × 1,024 pixels


class Unreadable(Exception):
    """Why settings or weights of an open file are refused: a clause without a full stop.

    Whoever opened the file makes the sentence, with the Keras that wrote it and the way out.
    """


def refusal(name: str, why: str) -> ModelError:
    """The error for a file that cannot be opened, or should not be.

    Args:
        name: The file's name.
        why: What is wrong with it; a clause without a full stop.
    """
    return ModelError(f"Expected a network that can be opened safely. Received: {name}: {why}.")


def check_unpacked(name: str, unpacked: int, packed: int) -> None:
    """Refuse a file whose contents are far larger than it is.

    Args:
        name: The file's name.
        unpacked: Bytes that its contents would take.
        packed: Bytes of the file.

    Raises:
        ModelError: They are too many, or too many for a file of this size.
    """
    if unpacked > min(UNPACKED_BYTES, max(UNPACKED_FREE, UNPACKED_RATIO * packed)):
        raise refusal(
            name,
            f"its {packed / 1e6:,.1f} MB would unpack to {unpacked / 1e6:,.0f} MB, "
            "as trained weights never do",
        )
