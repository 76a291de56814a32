"""The errors a user may see: each carries one sentence, what was expected and what was received."""


class OsteoError(Exception):
    """Anything the product says no to; its text is shown to the user as it stands."""


class TileError(OsteoError):
    """A file that is not a readable tile."""


class CohortError(OsteoError):
    """A folder or table that is not a usable cohort."""


class BundleError(OsteoError):
    """A trained network on disk that is missing, incomplete or altered."""


class ModelError(OsteoError):
    """A network whose layers cannot be read as asked."""


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
