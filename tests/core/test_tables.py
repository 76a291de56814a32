"""Tables and JSON of anyone: text stays text, and what is not one is a sentence."""

import codecs
import os
import time

import numpy as np
import pytest

from osteo_core.errors import FileError, TableError
from osteo_core.files import read_bytes
from osteo_core.foreign import table_text
from osteo_core.foreign.json_files import parse_json, read_json
from osteo_core.foreign.tables import read_rows, read_table

WORDS = ["NA", "None", "nan", "null", "0", "01", "1.0", "True", "", "1e5", "-inf", "2020-01-01"]


def csv_of(*rows, separator=",", end="\n"):
    return "".join(separator.join(row) + end for row in rows).encode()


def test_no_word_is_a_missing_value_and_no_text_is_a_number():
    table = read_table(csv_of(["tile", "label"], *([f"t{i}", w] for i, w in enumerate(WORDS))))
    assert table["label"].tolist() == WORDS
    assert all(type(label) is str for label in table["label"])
    assert not table.isna().to_numpy().any()


def test_cells_and_headers_are_trimmed_and_in_one_form_of_unicode():
    nfd = "Ne\N{COMBINING ACUTE ACCENT}crose"
    table = read_table(csv_of([" label ", f"p_{nfd}", "file"], [f" {nfd} ", "1", f" {nfd}"]))
    assert list(table) == ["label", "p_Nécrose", "file"]
    assert table["label"][0] == table["file"][0] == "Nécrose"
    exact = read_table(csv_of(["file"], [f" {nfd}"]), exact=["file"])
    assert exact["file"][0] == f" {nfd}"


def test_numbers_are_finite_or_the_row_is_named():
    table = read_table(csv_of(["p", "q"], ["0.5", "x"], [" 1e-3 ", "y"]), numbers=["p"])
    assert table["p"].dtype == np.float64
    assert table["p"].tolist() == [0.5, 0.001]
    for bad in ("", "nan", "inf", "1e999", "1_0", "0,5", "zero", "--1", "1.2.3", "٣"):
        quoted = f'"{bad}"'
        with pytest.raises(TableError, match=rf"p of the table .*{bad}.* on line 3\."):
            read_table(csv_of(["p", "q"], ["0.5", "x"], [quoted, "y"]), numbers=["p"])


def test_an_empty_table_has_its_columns():
    table = read_table(b"tile,p\n", columns=["tile"], numbers=["p"])
    assert list(table) == ["tile", "p"]
    assert table["p"].dtype == np.float64
    assert table["tile"].tolist() == []


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_write_is_recognised(separator, encoding, end):
    rows = [["Datei", "label"], ["é-1.jpg", "Non-Tumor"], ["é-2.jpg", "NA"]]
    data = csv_of(*rows, separator=separator, end=end).decode().encode(encoding)
    table = read_table(data, columns=["Datei", "label"], sniff=True)
    assert table.to_numpy().tolist() == rows[1:]
    plain = separator == "," and encoding.startswith("utf-8")
    assert bool(table.attrs["notes"]) is not plain


def test_the_separator_is_the_one_that_leaves_the_cells_that_are_known():
    data = b"file;label\nCase 3, A.jpg;X\nCase 3, B.jpg;Y\n"
    table = read_table(data, columns=["file", "label"], sniff=True)
    assert table["file"].tolist() == ["Case 3, A.jpg", "Case 3, B.jpg"]
    tabs = read_table(b"p\tq\n0,5\tx,y\n", numbers=["p"], sniff=True)
    assert tabs.to_numpy().tolist() == [[0.5, "x,y"]]


def test_a_quote_that_swallows_rows_is_told():
    data = b'tile,label,p\na,"X,1\nb,X,1\nc,X",1\n'
    with pytest.raises(TableError, match=r"label of .* on one line.*up to line 4; is a quote"):
        read_table(data, columns=["tile", "label"], numbers=["p"])


def test_a_line_that_names_the_separator_is_no_row():
    table = read_table(b"sep=;\r\nfile;p\r\na,b.jpg;0,25\r\n", numbers=["p"], sniff=True)
    assert table.to_numpy().tolist() == [["a,b.jpg", 0.25]]


@pytest.mark.parametrize(
    "text",
    [
        ",file,label\n0,a.jpg,X\n1,b.jpg,Y\n",
        "Unnamed: 0,file,label\n0,a.jpg,X\n1,b.jpg,Y\n",
        '"file","label"\n"1","a.jpg","X"\n"2","b.jpg","Y"\n',
        "file,label,\na.jpg,X,\nb.jpg,Y,\n",
        "file,label\na.jpg,X,\nb.jpg,Y,\n\n,,\n",
        '"file" , label\n"a.jpg" , "X"\nb.jpg,Y',
    ],
)
def test_an_index_column_and_empty_columns_at_the_end_are_left_out(text):
    table = read_table(text.encode(), columns=["file", "label"], sniff=True)
    assert table.to_numpy().tolist() == [["a.jpg", "X"], ["b.jpg", "Y"]]
    assert list(table) == ["file", "label"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "an empty file"),
        (b"\n\n", "an empty file"),
        (b"a,b\n1,2\n3\n", r"1 on line 3: '3'"),
        (b"a,b\n1,2\n3,4,5\n", r"3 on line 3: '3,4,5'"),
        (b"a,a\n1,2\n", "'a' more than once"),
        (b"a,b\n1,\x002\n", "zero byte on line 2"),
        (b'a,b\n1,"2\n3,4\n', "quotes are closed"),
        (b'a,b\n1,"2"3\n', "quotes are closed"),
        (b"a,b\n1,\xe9\n", "other bytes on line 2"),
        (codecs.BOM_UTF16_LE + "a,b\n".encode("utf-16-le"), "text in UTF-16"),
        (b"a;b\n1;2\n", r"none named a, b; its first line is 'a;b'"),
    ],
)
def test_what_is_no_table_is_refused_with_its_row(data, said):
    with pytest.raises(TableError, match=said) as caught:
        read_table(data, columns=["a", "b"])
    assert "\n" not in str(caught.value)


def test_limits_are_told(monkeypatch):
    wide = b"a,b\n1," + b"x" * (table_text.CELL_CHARACTERS + 1) + b"\n"
    with pytest.raises(TableError, match=r"at most 32,767 characters.*line 2"):
        read_table(wide)
    monkeypatch.setattr(table_text, "ROWS", 3)
    assert len(read_table(b"a\n" + b"1\n" * 3)) == 3
    with pytest.raises(TableError, match="at most 3 rows"):
        read_table(b"a\n" + b"1\n" * 4)
    monkeypatch.setattr(table_text, "CELLS", 5)
    with pytest.raises(TableError, match="at most 5 cells"):
        read_table(b"a,b,c,d,e,f,g\n")


def test_rows_that_no_header_names_are_read_as_they_are():
    rows = read_rows(b"a.jpg;X\r\n\r\nb.jpg;Y;more\r\n", sniff=True)
    assert rows.rows == (["a.jpg", "X"], ["b.jpg", "Y", "more"])
    assert rows.lines == (1, 3)


def test_pipes_devices_folders_and_odd_names_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for file, said in (
        (tmp_path / "pipe", "a pipe"),
        ("/dev/zero", "a device"),
        (tmp_path, "a folder"),
        (tmp_path / "gone", "does not exist"),
        (tmp_path / "loop", "link that leads back"),
        (tmp_path / ("x" * 300), "name is too long"),
        ("a\0b", "no name of a file"),
        ("a\nb\udcff", "does not exist"),
    ):
        for read in (read_table, read_json):
            start = time.monotonic()
            with pytest.raises((TableError, FileError), match=said) as caught:
                read(file)
            assert time.monotonic() - start < 1
            assert str(caught.value).isprintable()
    (tmp_path / "large").write_bytes(b"12345")
    assert read_bytes(tmp_path / "large", 5) == b"12345"
    with pytest.raises(FileError, match=r"at most 4 bytes.*has 5"):
        read_bytes(tmp_path / "large", 4)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[" * 200_000, "200,000 deep"),
        (b'{"a":' * 200_000, "200,000 deep"),
        (b"[" * 101 + b"]" * 101, "101 deep"),
        (b'"' + b'\\"' * 200_000 + b"[" * 200, "Unterminated"),
        (b"[]", "a list"),
        (b"null", "a NoneType"),
        (b"", "Expecting value"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": 1e999}', "1e999"),
        (b'{"a": ' + b"9" * 5000 + b"}", "digit"),
        (b'{"a": "\xe9"}', "no UTF-8"),
        (b'{"a": "\\ud800"}', "no UTF-8"),
        (b'{"a": 1', "delimiter"),
    ],
    ids=range(14),
)
def test_json_that_is_no_object_is_refused(data, said):
    with pytest.raises(FileError, match=said) as caught:
        parse_json(data, "card.json")
    assert "card.json" in str(caught.value)


def test_brackets_in_text_are_not_deep(tmp_path):
    file = tmp_path / "card.json"
    many = ",".join("[1]" for _ in range(300))
    file.write_bytes(b'\xef\xbb\xbf{"a": "' + b"[" * 500 + b'\\"{", "b": [' + many.encode() + b"]}")
    found = read_json(file)
    assert found["a"] == "[" * 500 + '"{'
    assert len(found["b"]) == 300
    assert parse_json(b'{"a": "\\ud83d\\ude00"}', "x") == {"a": "😀"}
