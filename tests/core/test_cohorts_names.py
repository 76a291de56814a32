"""File names, label texts and folder names."""

from __future__ import annotations

import pytest

from osteo_core.cohorts.names import Origin, class_of, normal_name, origin_of


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        (
            "Case-48-P5-C20-54244-17885.jpg",
            Origin("Case-48", "Case-48-P5-C20", 54244, 17885),
        ),
        (
            "Case 48 - P5 C20-54244-17885.jpg",
            Origin("Case-48", "Case-48-P5-C20", 54244, 17885),
        ),
        ("Case-3-A15-29596-14862.jpg", Origin("Case-3", "Case-3-A15", 29596, 14862)),
        ("P9-B12-16864-22190.jpg", Origin("P9", "P9-B12", 16864, 22190)),
    ],
)
def test_name_tells_case_slide_and_place(name, origin):
    assert origin_of(name) == origin


@pytest.mark.parametrize("name", ["tile.jpg", "IMG-2024-07.jpg", "Case-3-A15.jpg", "3-4.png"])
def test_other_names_tell_nothing(name):
    assert origin_of(name) is None


def test_label_file_and_file_name_meet():
    assert normal_name(" Case 48 - P5 C20-1-2.JPG") == normal_name("Case-48-P5-C20-1-2.jpg")
    assert normal_name("Case 4 C20-1-2.jpg") != normal_name("Case 48 C20-1-2.jpg")


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Non-Tumor", "Non-Tumor"),
        ("non tumour", "Non-Tumor"),
        ("NON_VIABLE_TUMOR", "Non-Viable-Tumor"),
        ("Non-Viable-Tumor", "Non-Viable-Tumor"),
        ("necrosis", "Non-Viable-Tumor"),
        ("viable", "Viable"),
        ("Viable Tumor", "Viable"),
        ("Viable: Non-Viable", "mixed"),
        ("viable: non-viable", "mixed"),
        ("chondrosarcoma", None),
        ("", None),
    ],
)
def test_class_of_text(text, meaning):
    assert class_of(text) == meaning
