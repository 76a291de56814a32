"""The class that a question is about."""

from typing import TYPE_CHECKING

from osteo_core.errors import ModelError

if TYPE_CHECKING:
    from osteo_core.reading import Reading


def target_index(reading: "Reading", target: str | None) -> int:
    """The place of a class among `Reading.classes`; the predicted one's when none is given.

    Raises:
        ModelError: No such class.
    """
    name = reading.predicted if target is None else target
    if name not in reading.classes:
        known = ", ".join(reading.classes)
        raise ModelError(f"Expected a class: {known}. Received: {name!r}.")
    return reading.classes.index(name)
