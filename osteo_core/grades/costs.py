"""What a grade costs, in forward passes, told before it is made."""

from typing import TYPE_CHECKING

from osteo_core.explain import Method, Question, find_method
from osteo_core.grades.changes import changes
from osteo_core.grades.checks import chosen_stages
from osteo_core.grades.randomised import stages
from osteo_core.grades.reduced import effort
from osteo_core.grades.settings import GradeSettings

if TYPE_CHECKING:
    from osteo_core.engine import Engine


def grade_cost(
    engine: "Engine",
    heat_method: str | Method,
    settings: GradeSettings | None = None,
    shared_done: bool = False,
    question: Question | None = None,
) -> float:
    """Estimate what grading a map costs, its making left out.

    Args:
        engine: The network.
        heat_method: The method.
        settings: How to grade.
        shared_done: Whether another map of the same tile and class was graded before.
        question: What the map answers; the method's default question when not given.

    Returns:
        Forward passes; good to a factor of about two. Compiling, the first time that a network
        is graded, is not counted.
    """
    settings = settings or GradeSettings()
    method = find_method(heat_method) if isinstance(heat_method, str) else heat_method
    asked = question or Question(
        method.default_layer(engine), engine.classes[0], parameters=method.settings({})
    )
    curve = 2.0 * (settings.points - 1)
    shared = 0.0 if shared_done else curve * (settings.random_maps + 1) + 1
    return curve + shared + _checks(engine, method, asked, settings, shared_done)


def _checks(
    engine: "Engine", method: Method, asked: Question, settings: GradeSettings, shared_done: bool
) -> float:
    less = effort(engine, method, asked)
    again = find_method(less.method).cost(
        engine, Question(asked.layer, asked.target, asked.against, less.parameters)
    )
    reading = 0.0 if shared_done else 1.0
    n = settings.stability * len(changes())
    n += settings.sanity * len(chosen_stages(stages(engine), less))
    return n * (again + reading) + (again if less.needs_original and n else 0.0)
