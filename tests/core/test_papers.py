"""The confusion matrices printed in paper 003 give its own table; what contradicts it is told."""

import pytest

from osteo_core.evaluate.papers import PRINTED, can_be_share, contradictions, printed_rows


@pytest.mark.parametrize("network", PRINTED, ids=lambda n: n.name)
def test_the_matrix_gives_the_papers_own_table(network):
    metrics = network.metrics()
    assert metrics.n == 177
    assert [s.support for s in metrics.per_class] == [91, 42, 44]
    assert round(metrics.accuracy, 2) == network.accuracy
    assert round(metrics.macro.f1, 2) == network.macro_f1
    assert round(metrics.weighted.f1, 2) == network.weighted_f1
    for score, told in zip(metrics.per_class, network.per_class, strict=True):
        assert tuple(round(v, 2) for v in (score.precision, score.recall, score.f1)) == told


def test_the_two_accuracies_are_the_printed_ones():
    assert [n.accuracy for n in PRINTED] == [0.90, 0.79]
    assert [n.metrics().correct for n in PRINTED] == [159, 140]


def test_a_share_of_177_tiles_cannot_be_94_2_per_cent():
    assert not can_be_share(0.942, 177)
    assert not can_be_share(0.918, 177)
    assert can_be_share(0.898, 177)
    assert can_be_share(0.8857, 70, digits=4)  # 62 of 70, paper 000
    printed = (0.9118, 0.8039, 0.8824, 0.7843, 0.8725, 0.8922)  # table 1 of paper 001
    assert all(can_be_share(value, 102, digits=4) for value in printed)
    assert not all(can_be_share(value, 114, digits=4) for value in printed)


def test_the_contradictions_are_sentences_with_the_figures():
    said = " ".join(contradictions())
    for figure in ("94.2%", "91.8%", "159/177 = 0.898", "140/177 = 0.791", "6,500 CT", "102 tiles"):
        assert figure in said
    assert len(printed_rows()) == 6
