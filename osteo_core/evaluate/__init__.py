"""Honest numbers: what a network's stored predictions say about it, and how sure that is."""

from osteo_core.evaluate.collapse import TumourView, can_collapse, collapse_tumour, tumour_view
from osteo_core.evaluate.comparison import Comparison, compare, disagreements
from osteo_core.evaluate.curves import LearningCurves, RocCurve, learning_curves, roc_one_vs_rest
from osteo_core.evaluate.intervals import Interval, wilson
from osteo_core.evaluate.metrics import Metrics, Score, evaluate, evaluate_calls
from osteo_core.evaluate.parts import LabelledPart, from_predictions, read_part

__all__ = [
    "Comparison",
    "Interval",
    "LabelledPart",
    "LearningCurves",
    "Metrics",
    "RocCurve",
    "Score",
    "TumourView",
    "can_collapse",
    "collapse_tumour",
    "compare",
    "disagreements",
    "evaluate",
    "evaluate_calls",
    "from_predictions",
    "learning_curves",
    "read_part",
    "roc_one_vs_rest",
    "tumour_view",
    "wilson",
]
