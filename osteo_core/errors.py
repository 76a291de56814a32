"""The errors a user may see: each carries one sentence, what was expected and what was received."""

_MOST = 2000  # characters; what foreign files name may have any length


class OsteoError(Exception):
    """Anything the product says no to; its text is shown to the user as it stands.

    A text of more than 2,000 characters is shown without its middle.

    Attributes:
        exit_status: What a command ends with that it stops: 2, wrong usage or nothing could be
            written, or 1, an input that was named rightly is no good.
    """

    exit_status = 2

    def __str__(self) -> str:
        text = super().__str__()
        half = _MOST // 2
        return text if len(text) <= _MOST else f"{text[:half]} … {text[-half:]}"


class TileError(OsteoError):
    """A file that is not a readable tile."""


class CohortError(OsteoError):
    """A folder or table that is not a usable cohort."""


class BundleError(OsteoError):
    """A trained network on disk that is missing, incomplete or altered."""


class ModelError(OsteoError):
    """A network whose layers cannot be read as asked."""


class NotFiniteModelError(ModelError):
    """A network whose weights or answers are NaN or infinite."""

    exit_status = 1


class NotFiniteBundleError(BundleError):
    """A network on disk whose weights are NaN or infinite."""

    exit_status = 1


class RecipeError(OsteoError):
    """A training recipe that is unknown or asks for what is not there."""


class UnitIndexError(OsteoError):
    """A unit index that is missing, damaged, or of another network or cohort."""


class MaskError(OsteoError):
    """A mask that cannot be read, or does not fit its tile."""


class TableError(OsteoError):
    """A CSV file that is no table of the kind that is asked for."""


class FileError(OsteoError):
    """A file or folder that cannot be read or written, or that something else is writing."""
