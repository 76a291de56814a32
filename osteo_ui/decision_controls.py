"""The threshold panel: the one column of controls that every table of the page follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from osteo_core.bundles import Bundle
from osteo_core.errors import OsteoError
from osteo_core.evaluate.collapse import can_collapse
from osteo_core.evaluate.deciding import chosen_referral, chosen_rule, usual_costs
from osteo_core.evaluate.decisions import Rule
from osteo_core.evaluate.referral import WATCHED_CLASS, ReferralRule
from osteo_ui import decision_services, state, widgets
from osteo_ui.markdown import md

RULES = {
    "top": "Most probable",
    "thresholds": "Thresholds",
    "costs": "Costs",
    "two-stage": "Two stages",
}
STYLE = Path(__file__).with_name("decision_panel.css")
_VALIDATION = "validation"


@dataclass(frozen=True)
class Panel:
    """What the controls say."""

    rule: Rule
    referral: ReferralRule
    costs: tuple[float, ...]


def draw(bundle: Bundle, part: str) -> Panel:
    """Draw the panel for a network or ensemble."""
    classes = bundle.card.classes
    rules = {k: v for k, v in RULES.items() if k != "two-stage" or can_collapse(classes)}
    kind = widgets.choose("Call a class by", "rule", list(rules), format_func=rules.get)
    if kind == "thresholds":
        _sliders("thresholds", "Threshold of {}, %", classes, (1, 99))
        st.caption(
            "The class called is the one whose probability is the largest multiple of its "
            "threshold. A lower threshold calls a class more often."
        )
    elif kind == "two-stage":
        _percent("Tumour from, %", "gate", 1, 99)
        st.caption("Tumour, dead or viable, from this probability on; then the likelier of both.")
    if kind != "top":
        with st.expander("What missing a class costs", expanded=kind == "costs"):
            _sliders("costs", "Missing {} costs", classes, (1, 50))
            st.caption(
                "A right call is free. The class called is the one that costs least on average, if "
                "the probabilities are right."
                if kind == "costs"
                else "The yardstick when the button below chooses."
            )
    st.subheader("Ask a person", anchor=False)
    _percent("Highest probability below, %", "refer_below", 0, 100)
    _percent(f"Called Non-Tumor, {WATCHED_CLASS} above, %", "refer_viable", 0, 100)
    st.caption("0 switches the first rule off, 100 the second.")
    on = bool(state.selection().calibrated)
    widgets.told(st.toggle, "Calibrated probabilities", _CALIBRATED, on, on_change=_take_calibrated)
    _choosing(bundle, part)
    return read(classes)


def read(classes: Sequence[str]) -> Panel:
    """Return what the selection says for these classes."""
    now = state.selection()
    costs = of_classes("costs", classes)
    kind = now.rule if now.rule != "two-stage" or can_collapse(classes) else "top"
    limits = tuple(t / 100 for t in of_classes("thresholds", classes))
    return Panel(
        Rule(kind, limits, costs, now.gate / 100),
        ReferralRule(now.refer_below / 100, now.refer_viable / 100),
        costs,
    )


def of_classes(field: str, classes: Sequence[str]) -> tuple[float, ...]:
    """Return the numbers of each class that a field of the selection holds, or the usual ones."""
    told = dict(text.rsplit(":", 1) for text in getattr(state.selection(), field))
    usual = usual_costs(classes) if field == "costs" else [50.0] * len(classes)
    pairs = zip(classes, usual, strict=True)
    return tuple(float(told.get(name, value)) for name, value in pairs)


def encode(classes: Sequence[str], values: Sequence[float]) -> tuple[str, ...]:
    """Return numbers of classes as a field of the selection holds them."""
    return tuple(f"{name}:{value:.0f}" for name, value in zip(classes, values, strict=True))


_CALIBRATED = widgets.key_of("calibrated")


def _take_calibrated() -> None:
    if not state.is_echo(_CALIBRATED):
        state.update(calibrated=int(st.session_state[_CALIBRATED]))


def _percent(label: str, field: str, low: int, high: int) -> None:
    now = getattr(state.selection(), field)
    widgets.bound(st.slider, label, field, now, min_value=low, max_value=high)


def _sliders(field: str, label: str, classes: Sequence[str], ends: tuple[int, int]) -> None:
    for name, value in zip(classes, of_classes(field, classes), strict=True):
        key = widgets.key_of(f"{field}.{name}")
        widgets.told(
            st.slider,
            label.format(name),
            key,
            min(max(int(value), ends[0]), ends[1]),
            min_value=ends[0],
            max_value=ends[1],
            on_change=_take,
            args=(field, name, tuple(classes), key),
        )


def _take(field: str, name: str, classes: tuple[str, ...], key: str) -> None:
    if state.is_echo(key):
        return
    values = dict(zip(classes, of_classes(field, classes), strict=True))
    values[name] = st.session_state[key]
    state.update(**{field: encode(classes, [values[c] for c in classes])})


def _choosing(bundle: Bundle, part: str) -> None:
    """Draw the buttons that choose on the validation part, and say why only there."""
    st.subheader("Choose on validation", anchor=False)
    _percent("Error that may be left, %", "target_error", 0, 50)
    kind = state.selection().rule
    st.button(
        "Choose the limit",
        key="choose.limit",
        help="The lowest limit of the highest probability that leaves no more error than that "
        "among the kept tiles of the validation part.",
        on_click=_choose_limit,
        args=(bundle,),
        width="stretch",
    )
    if kind in ("thresholds", "two-stage"):
        word = "thresholds" if kind == "thresholds" else "start of tumour"
        st.button(
            f"Choose the {word}",
            key="choose.rule",
            help="What costs least on the validation part.",
            on_click=_choose_rule,
            args=(bundle,),
            width="stretch",
        )
    if part == "test":
        st.caption(
            md(
                ":material/gavel: You see the test part. Limits moved until these numbers look "
                "good make them too good: choose on validation, and only read off here."
            )
        )
    elif part == "train":
        st.caption(
            md(":material/gavel: The network was fitted to these tiles; choose on validation.")
        )
    else:
        st.caption(md(":material/gavel: Choose here, then report on the test part."))


def _choose_limit(bundle: Bundle) -> None:
    panel, now = read(bundle.card.classes), state.selection()
    try:
        ready = decision_services.prepared(bundle, _VALIDATION, bool(now.calibrated))
    except OsteoError as error:
        state.note(str(error))
        return
    target = now.target_error / 100
    found = chosen_referral(ready, panel.rule, panel.referral, target)
    if found is None:
        state.note(f"No limit leaves {target:.0%} error or less on the validation part.")
    else:
        state.update(refer_below=round(100 * found.below))


def _choose_rule(bundle: Bundle) -> None:
    panel, classes = read(bundle.card.classes), bundle.card.classes
    try:
        calibrated = bool(state.selection().calibrated)
        ready = decision_services.prepared(bundle, _VALIDATION, calibrated)
        found = chosen_rule(ready, panel.rule, panel.costs)
    except (OsteoError, ValueError) as error:
        state.note(str(error))
        return
    limits = encode(classes, [100 * t for t in found.thresholds])
    state.update(thresholds=limits, gate=round(100 * found.gate))
