"""The head that is refitted under each protocol: a logistic regression on frozen features.

It stands in for a recipe's dense layers: convex, so there is one solution and no epoch to choose,
and fitted in a fraction of a second, so that dozens of fits cost less than one pass of the base.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

STRENGTH = 10.0  # C of scikit-learn, fixed beforehand: nothing is chosen on any tile
HEAD = (
    "logistic regression (L2, C = 10) on the base's mean and maximum of each channel, each of the "
    "two scaled to length 1"
)

Floats = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32]


def head_inputs(features: Features) -> Features:
    """Scale features and turn them into as few coordinates as carry them.

    Each tile is scaled by itself, and the turn keeps every distance between tiles, so that a
    regression with an L2 penalty gives the same probabilities as on the features themselves:
    nothing passes from test tiles to training tiles.

    Args:
        features: (n, 2c), c channel means followed by c channel maxima.

    Returns:
        float32 (n, at most n).
    """
    halves = np.split(features.astype(np.float64), 2, axis=1)
    scaled = np.hstack(
        [h / np.maximum(np.linalg.norm(h, axis=1, keepdims=True), 1e-12) for h in halves]
    )
    if not len(scaled):
        return np.zeros((0, 0), np.float32)
    scaled -= scaled.mean(axis=0)  # a shift of all: the intercept takes it up
    values, vectors = np.linalg.eigh(scaled @ scaled.T)
    kept = values > 1e-9 * max(values[-1], 1e-12)
    turned: Features = (vectors[:, kept] * np.sqrt(values[kept])).astype(np.float32)
    return turned


def fit_and_call(
    inputs: Features, labels: Sequence[str], classes: Sequence[str], test: Features
) -> Floats:
    """Fit a head and return what it says of other tiles.

    Args:
        inputs: (n, d) of the tiles to fit to.
        labels: their classes.
        classes: all classes; one without a tile to fit to gets probability 0.
        test: (m, d).

    Returns:
        float64 (m, k) probabilities, columns in the order of `classes`.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    found = np.zeros((len(test), len(classes)))
    place = {name: i for i, name in enumerate(classes)}
    present = sorted(set(labels))
    if len(present) == 1:  # nothing to tell apart
        found[:, place[present[0]]] = 1.0
        return found
    head = LogisticRegression(C=STRENGTH, tol=1e-3, max_iter=1000)
    with threadpool_limits(1):  # small products: threads cost more than they bring
        head.fit(inputs, np.asarray(labels, object).astype(str))
        found[:, [place[name] for name in head.classes_]] = head.predict_proba(test)
    return found
