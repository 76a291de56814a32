"""The protocol table as it is kept on disk and printed: numbers only, no tile, no picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from osteo_core import files
from osteo_core.bundles import Bundle
from osteo_core.cohorts.table import Cohort
from osteo_core.errors import BundleError
from osteo_core.evaluate.frozen import FrozenBase
from osteo_core.evaluate.heads import HEAD
from osteo_core.evaluate.intervals import Interval
from osteo_core.evaluate.protocol_scores import ProtocolScore, ProtocolTable
from osteo_core.evaluate.protocols import SEED
from osteo_core.files import shown
from osteo_core.foreign import is_there, reading
from osteo_core.foreign.json_files import read_json


def _in_order(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError("the lower bound stands first")
    return bounds


FILE = "protocols.json"
FOLDER = "protocols"  # below a cohort's folder, one file a bundle

MOST_BYTES = 4 << 20  # ours have ten thousand

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Bounds = Annotated[tuple[Share, Share], AfterValidator(_in_order)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class RunRow(_Frozen):
    """One fit of a protocol."""

    name: str
    accuracy: Share
    n_tiles: Count
    n_train: Count


class ProtocolRow(_Frozen):
    """One protocol; `accuracy_ci95` is Wilson's, for as many tiles as one pass tests."""

    title: str
    question: str
    source: str
    accuracy: Share
    accuracy_ci95: Bounds
    accuracy_ci95_by_tile: Bounds | None
    accuracy_ci95_by_slide: Bounds | None
    macro_f1: Share | None
    macro_f1_ci95_by_tile: Bounds | None
    macro_f1_ci95_by_slide: Bounds | None
    n_tiles: Count
    n_slides: Count
    n_cases: Count
    recall: dict[str, Share | None]
    runs: tuple[RunRow, ...]
    notes: tuple[str, ...]
    # None where slides are what they are called, or where nobody looked; so in older files.
    accuracy_ci95_by_tissue: Bounds | None = None
    macro_f1_ci95_by_tissue: Bounds | None = None


class BaseRow(_Frozen):
    """The base that all protocols share."""

    kind: str
    weights: str
    digest: str
    sentence: str


class CohortRow(_Frozen):
    """The tiles that all protocols share."""

    digest: str
    n_tiles: Count
    n_slides: Count
    n_cases: Count


class ProtocolReport(_Frozen):
    """All of it."""

    model: str
    architecture: str
    base: BaseRow
    head: str
    cohort: CohortRow
    seed: int
    protocols: dict[str, ProtocolRow]
    skipped: dict[str, str]
    gap: str
    seconds: dict[str, float] = Field(default_factory=dict)


def make_report(
    bundle: Bundle,
    base: FrozenBase,
    sentence: str,
    cohort: Cohort,
    table: ProtocolTable,
    more: Mapping[str, Sequence[str]],
    seconds: float,
) -> ProtocolReport:
    """Put a report together.

    Args:
        bundle: whose architecture it is.
        base: the base of all heads.
        sentence: what to know about the base.
        cohort: the tiles.
        table: the scores.
        more: notes to add, by protocol.
        seconds: what the pass of the base took.
    """
    tiles = cohort.tiles
    return ProtocolReport(
        model=bundle.name,
        architecture=bundle.card.architecture,
        base=BaseRow(kind=base.kind, weights=base.weights, digest=base.digest, sentence=sentence),
        head=HEAD,
        cohort=CohortRow(
            digest=cohort.digest,
            n_tiles=len(tiles),
            n_slides=len({t.slide for t in tiles if t.slide}),
            n_cases=len({t.case for t in tiles if t.case}),
        ),
        seed=SEED,
        protocols={name: _row(score, more.get(name, ())) for name, score in table.scores.items()},
        skipped=dict(table.skipped),
        gap=table.gap,
        seconds={"features": round(seconds, 2), "protocols": round(table.seconds, 2)},
    )


def write_report(report: ProtocolReport, file: Path) -> None:
    """Write a report without its times, so that the same run gives the same file."""
    text = report.model_copy(update={"seconds": {}}).model_dump_json(indent=2)
    files.write_text(file, text + "\n")


def read_report(file: Path) -> ProtocolReport | None:
    """Read a report; None when there is none.

    Raises:
        BundleError: the file is there and is no report.
    """
    if not is_there(file):
        return None
    try:
        with reading(shown(file), BundleError, "a table of protocols"):
            return ProtocolReport.model_validate(read_json(file, at_most=MOST_BYTES))
    except BundleError as error:
        raise BundleError(
            f"{file.name} must be what `osteo evaluate --protocol all` wrote; run it again. {error}"
        ) from error


def as_text(report: ProtocolReport) -> str:
    """The report as a table and sentences."""
    tied = any(row.accuracy_ci95_by_tissue for row in report.protocols.values())
    heads = ["Wilson", "by tile", "by slide", *(["by tissue"] if tied else [])]
    lines = [
        f"{report.model}: {report.architecture} base, {report.base.kind} weights; {report.head}",
        f"{'protocol':<13}{'accuracy':>9}  {''.join(f'{head:<16}' for head in heads)}"
        f"{'macro F1':>9}{'tiles':>7}{'slides':>8}",
    ]
    for name, row in report.protocols.items():
        bounds = [row.accuracy_ci95, row.accuracy_ci95_by_tile, row.accuracy_ci95_by_slide]
        bounds += [row.accuracy_ci95_by_tissue] if tied else []
        cells = "".join(f"{_bounds(b):<16}" for b in bounds)
        f1 = "-" if row.macro_f1 is None else f"{row.macro_f1:.3f}"
        lines.append(
            f"{name:<13}{row.accuracy:>9.3f}  {cells}{f1:>9}{row.n_tiles:>7}{row.n_slides:>8}"
        )
    lines += ["", *filter(None, (report.gap, report.base.sentence))]
    notes = {note: None for row in report.protocols.values() for note in row.notes}
    lines += [*notes, *(f"{name}: {why}" for name, why in report.skipped.items())]
    return "\n".join(lines)


def _row(score: ProtocolScore, more: Sequence[str]) -> ProtocolRow:
    metrics, protocol = score.metrics, score.protocol
    accuracy, f1 = score.intervals["accuracy"], score.intervals["macro_f1"]
    wilson: Any = _pair(score.interval)
    return ProtocolRow(
        title=protocol.title,
        question=protocol.question,
        source=protocol.source,
        accuracy=score.accuracy,
        accuracy_ci95=wilson,
        accuracy_ci95_by_tile=_pair(accuracy.by_tile),
        accuracy_ci95_by_slide=_pair(accuracy.by_slide),
        accuracy_ci95_by_tissue=_pair(accuracy.by_tissue),
        macro_f1=metrics.macro.f1,
        macro_f1_ci95_by_tile=_pair(f1.by_tile),
        macro_f1_ci95_by_slide=_pair(f1.by_slide),
        macro_f1_ci95_by_tissue=_pair(f1.by_tissue),
        n_tiles=score.n_tiles,
        n_slides=score.n_slides,
        n_cases=score.n_cases,
        recall={s.name: s.recall for s in metrics.per_class},
        runs=tuple(RunRow(**vars(run)) for run in score.by_run),
        notes=(*more, *score.notes),
    )


def _pair(interval: Interval | None) -> Bounds | None:
    return (interval.low, interval.high) if interval else None


def _bounds(pair: Bounds | None) -> str:
    return f"{pair[0]:.3f} to {pair[1]:.3f}" if pair else "-"
