"""The audit of a cohort: what would make its numbers look better than they are."""

from osteo_core.cohorts.audit.makeup import Cell, Hanging, Makeup, makeup
from osteo_core.cohorts.audit.result import Audit, NearWhite, Pair
from osteo_core.cohorts.audit.run import NEAR_WHITE, audit, audit_steps
from osteo_core.cohorts.audit.stains import StainRow
from osteo_core.cohorts.audit.suspects import OutOfFold, Suspect, disagreements, held_out
from osteo_core.cohorts.audit.words import text

__all__ = [
    "NEAR_WHITE",
    "Audit",
    "Cell",
    "Hanging",
    "Makeup",
    "NearWhite",
    "OutOfFold",
    "Pair",
    "StainRow",
    "Suspect",
    "audit",
    "audit_steps",
    "disagreements",
    "held_out",
    "makeup",
    "text",
]
