"""What a file is, by its first bytes."""

import codecs

from osteo_core.decoding.stored import Refusal

_READ = {"JPEG", "PNG", "BMP", "TIFF", "JPEG 2000", "JPEG XL"}
_SIGNATURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\3\4", "a zip archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"GIF8", "a GIF picture"),
    (8, b"WEBP", "a WebP picture"),
    (4, b"ftypavi", "an AVIF picture"),
    (4, b"ftyphe", "an HEIC picture"),
    (4, b"ftypmif1", "an HEIC or AVIF picture"),
    (4, b"ftypmsf1", "an HEIC or AVIF film"),
    (4, b"ftyp", "an MP4 film"),
    (0, b"II\xbc\x01", "a JPEG XR picture"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"v/1\x01", "an OpenEXR picture"),
    (0, b"\x8aMNG", "an MNG film"),
    (0, b"\x89HDF", "an HDF5 file"),
    (128, b"DICM", "a DICOM file"),
)
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)


def sniff(data: bytes) -> str:
    """Return which of the kinds that are read this is, judged by content.

    Raises:
        Refusal: Anything else, named as well as its first bytes allow.
    """
    named = (kind for start, mark, kind in _SIGNATURES if data.startswith(mark, start))
    is_bmp = data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS
    kind = "BMP" if is_bmp else next(named, None) or _describe(data)
    if kind not in _READ:
        raise Refusal("a JPEG, PNG, BMP or TIFF picture", kind)
    return kind


def _describe(data: bytes) -> str:
    head = data[:4096]
    if not head:
        return "an empty file (0 bytes)"
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)  # a cut last letter is fine
    except UnicodeDecodeError:
        return "bytes of no known picture format"
    if not all(letter.isprintable() or letter.isspace() for letter in text):
        return "bytes of no known picture format"
    start = text.lstrip().lower()
    if "<svg" in start:
        return "an SVG drawing"
    return "an HTML page" if start.startswith(("<!doctype html", "<html")) else "a text file"
