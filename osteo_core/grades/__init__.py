"""How far a heat map can be trusted: faithfulness, sanity, stability, localisation, and a badge.

from osteo_core.grades import Grader

grader = Grader(engine, tile, reading, target)
grade = grader.grade(reading.heatmap("gradcam", target=target))
grade.badge, grade.reasons, grade.figures
"""

from osteo_core.grades.better import Better, better
from osteo_core.grades.costs import grade_cost
from osteo_core.grades.faithfulness import Curve
from osteo_core.grades.grade import Grade, StageResult
from osteo_core.grades.grader import Grader
from osteo_core.grades.localisation import pointing_game, relevance_mass
from osteo_core.grades.masks import load_mask
from osteo_core.grades.metrics import Metric, find_metric, metrics
from osteo_core.grades.rule import BADGES, CRITERIA, RULE, Answer, Badge, Criterion
from osteo_core.grades.settings import BASELINE_TITLES, BASELINES, Baseline, GradeSettings

__all__ = [
    "BADGES",
    "BASELINES",
    "BASELINE_TITLES",
    "CRITERIA",
    "RULE",
    "Answer",
    "Badge",
    "Baseline",
    "Better",
    "Criterion",
    "Curve",
    "Grade",
    "GradeSettings",
    "Grader",
    "Metric",
    "StageResult",
    "better",
    "find_metric",
    "grade_cost",
    "load_mask",
    "metrics",
    "pointing_game",
    "relevance_mass",
]
