"""What a user is told has an end, whatever a file may have named."""

from osteo_core.errors import CohortError, OsteoError


def test_a_sentence_is_shown_as_it_stands_and_a_book_without_its_middle():
    sentence = "Expected a folder. Received: nothing."
    assert str(OsteoError(sentence)) == sentence
    assert str(OsteoError("x" * 2000)) == "x" * 2000
    told = str(CohortError(f"Expected {'A' * 40_000}. Received: 'B' on line 3."))
    assert told.startswith("Expected AAA")
    assert told.endswith("Received: 'B' on line 3.")
    assert len(told) == 2003
