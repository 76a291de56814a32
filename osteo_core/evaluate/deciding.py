"""From stored predictions to decisions and meters: what the page and the command line share."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from osteo_core.evaluate.bootstrap import draws, slide_groups
from osteo_core.evaluate.calibration import fit_temperature
from osteo_core.evaluate.decisions import (
    Floats,
    Numbers,
    Rule,
    choose_gate,
    choose_thresholds,
    miss_costs,
)
from osteo_core.evaluate.necrosis import Necrosis, measure
from osteo_core.evaluate.parts import LabelledPart, read_part
from osteo_core.evaluate.referral import (
    WATCHED_CLASS,
    Decided,
    Figures,
    ReferralRule,
    RiskCoverage,
    choose_below,
    risk_coverage,
    silent,
)

MISSED_VIABLE = 5.0
VALIDATION = "validation"
FEW_TILES = 20  # a temperature fitted on fewer says nothing


@dataclass(frozen=True, eq=False)
class Prepared:
    """One part made ready to be decided on, again and again.

    Attributes:
        part: The labelled tiles, with calibrated probabilities where asked for.
        truth: Number of the true class of each tile, (n,).
        called: Number of the class that the network calls by itself, (n,).
        slides: Number of each tile's slide, (n,).
        draws: How often each slide is taken in 2,000 bootstrap draws, (2000, slides).
        temperature: What calibrated the probabilities; None: they are as the network gave them.
        calibration: The same in a sentence.
    """

    part: LabelledPart
    truth: Numbers
    called: Numbers
    slides: Numbers
    draws: Floats
    temperature: float | None
    calibration: str

    def calls(self, rule: Rule) -> Numbers:
        """Number of the class called under a rule, (n,)."""
        if rule.kind == "top":
            return self.called
        return rule.call(self.part.probabilities, self.part.classes)

    def decide(self, rule: Rule, referral: ReferralRule) -> Decided:
        """Apply a rule and a referral to every tile."""
        calls, classes = self.calls(rule), self.part.classes
        reasons = referral.reasons(self.part.probabilities, calls, classes)
        return Decided(classes, self.truth, calls, reasons)

    def figures(self, decided: Decided, costs: Sequence[float]) -> Figures:
        """The key figures of a decision, `costs` of missing each class."""
        return decided.figures(self.draws, self.slides, miss_costs(costs))

    def curve(self, rule: Rule, referral: ReferralRule | None = None) -> RiskCoverage:
        """Trace the risk-coverage curve; with a referral, beside its rule for silent Viable."""
        p, calls = self.part.probabilities, self.calls(rule)
        out = None
        if referral is not None:
            out = silent(p, calls, self.part.classes, referral.viable_above)
        return risk_coverage(calls == self.truth, p.max(axis=1, initial=0.0), out)

    def tiles(self, decided: Decided) -> pd.DataFrame:
        """The tiles with call, reason and probabilities, one row a tile."""
        table = self.part.table[["tile", "file", "slide", "case", "label"]].copy()
        names = np.asarray(self.part.classes, object)
        table["called"] = names[decided.calls] if decided.n else []
        table["reason number"] = decided.reasons
        values = pd.DataFrame(self.part.probabilities, columns=[f"p {n}" for n in names])
        return table.reset_index(drop=True).join(values)


def prepare(
    frame: pd.DataFrame, part: str, classes: Sequence[str], calibrated: bool = True
) -> Prepared:
    """Read a part and calibrate it with a temperature fitted on the validation part.

    Args:
        frame: Stored predictions of a network or an ensemble.
        part: "train", "validation", "test" or "all".
        classes: Class names.
        calibrated: Whether to calibrate.

    Raises:
        BundleError: A column is missing.
    """
    found = read_part(frame, part, classes)
    places = {name: i for i, name in enumerate(found.classes)}
    called = np.array([places[name] for name in found.calls], np.intp)
    temperature, sentence = None, "Probabilities are as the network gave them."
    if calibrated:
        found, temperature, sentence = _calibrated(found, read_part(frame, VALIDATION, classes))
    names, slides = np.unique(slide_groups(found.table), return_inverse=True)
    return Prepared(
        part=found,
        truth=np.array([places[name] for name in found.labels], np.intp),
        called=called,
        slides=slides,
        draws=draws(None, len(names)).astype(np.float64),
        temperature=temperature,
        calibration=sentence,
    )


def usual_costs(classes: Sequence[str]) -> tuple[float, ...]:
    """Costs of missing each class until others are chosen: viable tumour costs five times more."""
    return tuple(MISSED_VIABLE if name == WATCHED_CLASS else 1.0 for name in classes)


def chosen_rule(prepared: Prepared, rule: Rule, costs: Sequence[float]) -> Rule:
    """Find the thresholds, or the gate, that cost least; `prepared` is the validation part.

    Raises:
        ValueError: There is no tile, or there are more than three classes.
    """
    p, classes, table = prepared.part.probabilities, prepared.part.classes, miss_costs(costs)
    if rule.kind == "thresholds":
        return replace(rule, thresholds=choose_thresholds(prepared.truth, p, table))
    if rule.kind == "two-stage":
        return replace(rule, gate=choose_gate(prepared.truth, p, classes, table))
    return rule


def chosen_referral(
    prepared: Prepared, rule: Rule, referral: ReferralRule, target: float
) -> ReferralRule | None:
    """Find the lowest limit that leaves at most `target` error; `prepared` is validation."""
    below = choose_below(prepared.curve(rule, referral), target)
    return None if below is None else replace(referral, below=below)


def meters(prepared: Prepared, by: str, calls: Numbers | None = None) -> dict[str, Necrosis]:
    """Measure necrosis over every slide or case of a part, by name.

    Args:
        prepared: Of a network that knows both tumour classes.
        by: "slide" or "case"; tiles of none are left out.
        calls: Number of the class called for each tile; the network's own when not given.

    Raises:
        ValueError: The network does not know both tumour classes.
    """
    return {name: meter(prepared, by, name, calls) for name in group_names(prepared.part.table, by)}


def meter(prepared: Prepared, by: str, name: str, calls: Numbers | None = None) -> Necrosis:
    """Measure necrosis over the tiles of one slide or case; see `meters`."""
    rows = rows_of(prepared.part.table, by, name)
    part, called = prepared.part, prepared.called if calls is None else calls
    return measure(
        part.probabilities[rows],
        part.classes,
        calls=[part.classes[i] for i in called[rows]],
        labels=part.table["label"].iloc[rows].tolist(),
    )


def group_names(table: pd.DataFrame, by: str) -> list[str]:
    """Names of the slides or cases of a table, in order."""
    names = {name for name in _groups(table, by) if name}
    return sorted(names)


def rows_of(table: pd.DataFrame, by: str, name: str) -> Numbers:
    """Places of the rows of one slide or case."""
    return np.flatnonzero(np.asarray(_groups(table, by), object) == name)


def _groups(table: pd.DataFrame, by: str) -> list[str]:
    """The slide (with its case, where its name does not begin with it) or case of each row."""
    cases = table["case"].fillna("").astype(str)
    if by == "case":
        return [str(case) for case in cases]
    slides = table["slide"].fillna("").astype(str)
    return [
        slide if not slide or slide.startswith(case) else f"{case}/{slide}"
        for slide, case in zip(slides, cases, strict=True)
    ]


def _calibrated(
    part: LabelledPart, validation: LabelledPart
) -> tuple[LabelledPart, float | None, str]:
    n = validation.n_tiles
    if n < FEW_TILES:
        why = f"the validation part holds {n} labelled tiles, which is too few."
        return part, None, f"Not calibrated: {why}"
    fitted = fit_temperature(validation.labels, validation.probabilities, validation.classes)
    if fitted.note:
        return part, None, f"Not calibrated. {fitted.note}"
    sentence = (
        f"Probabilities are calibrated with temperature {fitted.value:.2f}, fitted on {n} "
        f"validation tiles (log loss {fitted.nll_before:.3f}, then {fitted.nll_after:.3f})."
    )
    return replace(part, probabilities=fitted.apply(part.probabilities)), fitted.value, sentence
