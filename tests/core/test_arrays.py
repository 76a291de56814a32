"""NumPy archives: what is declared is checked before anything is unpacked."""

import io
import os
import zipfile

import numpy as np
import pytest

from osteo_core.foreign.arrays import open_array, read_arrays


def pack(file, members, how=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file


def npy(array, **more):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), **more)
    return stream.getvalue()


def header(shape, descr="<f4"):
    stream = io.BytesIO()
    told = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_2_0(stream, told)
    return stream.getvalue()


class Evil:
    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def evil():
    array = np.empty(1, object)
    array[0] = Evil()
    return npy(array, allow_pickle=True)


def test_arrays_come_back_as_they_were_saved(tmp_path):
    saved = {"a": np.arange(6, dtype=np.float16).reshape(2, 3), "b/c": np.array([True, False])}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "x.npz", **saved)
        found = read_arrays(tmp_path / "x.npz")
        assert list(found) == list(saved)
        for name, array in saved.items():
            assert found[name].dtype == array.dtype
            np.testing.assert_array_equal(found[name], array)
    assert list(read_arrays(tmp_path / "x.npz", ["b/c"])) == ["b/c"]


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ([("a.npy", evil())], "holds object"),
        ([("a.npy", npy(["text"]))], "holds <U4"),
        ([("a.npy", npy([1j]))], "holds complex"),
        ([("a.npy", header((10**6, 10**6)))], "tells of the shape"),
        ([("a.npy", header((2, 2)) + b"\0" * 15)], "tells of the shape"),
        ([("a.npy", header((-1, 4)) + b"\0" * 16)], "of the shape"),
        ([("a.npy", header((1 << 28,)) + b"\0" * 1000)], "tells of the shape"),
        ([("a.npy", b"\x93NUMPY\x09\x09" + b"\0" * 99)], "format"),
        ([("a.npy", b"no array")], "magic"),
        ([("b.npy", npy([1.0]))], "no array a"),
        ([("a.npy", npy([1.0])), ("a", npy([2.0]))], "two arrays of one name"),
        ([("a.npy", npy(np.zeros(2000)))], "at most 4,000 are read"),
    ],
)
def test_what_is_no_archive_of_numbers_is_refused(tmp_path, monkeypatch, members, told):
    monkeypatch.chdir(tmp_path)
    pack(tmp_path / "x.npz", members)
    with pytest.raises(ValueError, match=told):
        read_arrays(tmp_path / "x.npz", ["a"], most=4000)
    assert not (tmp_path / "unpickled").exists()


def test_an_archive_that_inflates_is_refused_before_it_does(tmp_path):
    pack(tmp_path / "x.npz", [("a.npy", header((1 << 24,)) + bytes(1 << 26))])
    assert (tmp_path / "x.npz").stat().st_size < 100_000
    with pytest.raises(ValueError, match="where at most 1,048,576 are read"):
        read_arrays(tmp_path / "x.npz", most=1 << 20)


def test_what_is_of_no_use_is_not_looked_at(tmp_path):
    bomb = header((1 << 24,)) + bytes(1 << 26)
    pack(tmp_path / "x.npz", [("a.npy", npy([1.0])), ("b.npy", bomb), ("c.npy", evil())])
    assert list(read_arrays(tmp_path / "x.npz", most=1000, only={"a"})) == ["a"]


def test_a_packing_that_numpy_never_writes_is_refused(tmp_path):
    pack(tmp_path / "x.npz", [("a.npy", npy(np.zeros(99)))], zipfile.ZIP_BZIP2)
    with pytest.raises(ValueError, match="packed in a way"):
        read_arrays(tmp_path / "x.npz")


def test_a_mapped_array_must_be_of_the_shape_and_kind_that_is_told(tmp_path):
    file = tmp_path / "x.npy"
    np.save(file, np.arange(6, dtype=np.float16).reshape(2, 3))
    assert open_array(file, (2, 3), np.float16)[1, 2] == 5
    for shape, kind in (((3, 2), np.float16), ((2, 3), np.float32)):
        with pytest.raises(ValueError, match="where"):
            open_array(file, shape, kind)
    file.write_bytes(evil())
    with pytest.raises(ValueError, match="object"):
        open_array(file, (1,), np.float16)
    file.write_bytes(header((10**6, 10**6)))
    with pytest.raises(ValueError, match="mmap length"):
        open_array(file, (10**6, 10**6), np.float32)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(ValueError, match="a pipe"):
        open_array(file, (1,), np.float32)
