"""A `.keras` archive, its members checked before any is unpacked."""

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from osteo_core.model_files.limits import MEMBERS, SETTINGS_BYTES, check_unpacked, refusal

SETTINGS, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)


def unpack(file: Path, folder: Path) -> tuple[bytes, bytes, Path]:
    """Read the settings of a `.keras` archive and put its weights in a folder.

    Args:
        file: The archive.
        folder: Where its weights go; nothing else of it is written anywhere.

    Returns:
        The settings and the metadata as they stand there (JSON), and the weights' file.

    Raises:
        ModelError: It is no such archive, is damaged, or its members are too large, named twice,
            or not plain files inside it.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check(file, archive)
            read = [_read(file, archive, name) for name in (SETTINGS, METADATA)]
            with archive.open(WEIGHTS) as packed, (folder / WEIGHTS).open("wb") as out:
                shutil.copyfileobj(packed, out, 1 << 20)  # its checksum is checked at the end
    except _DAMAGED as error:
        raise refusal(file.name, f"the archive is damaged ({_first(error)})") from error
    return read[0], read[1], folder / WEIGHTS


def _check(file: Path, archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    if len(members) > MEMBERS:
        raise refusal(file.name, f"it holds {len(members):,} files")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise refusal(file.name, f"it holds {twice[0]!r} more than once")
    for member in members:
        kind = stat.S_IFMT(member.external_attr >> 16)
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise refusal(file.name, f"its {member.filename[:80]!r} leads out of the archive")
        if member.flag_bits & 1:
            raise refusal(file.name, "it is locked with a password")
    check_unpacked(file.name, sum(member.file_size for member in members), file.stat().st_size)
    for name in (SETTINGS, WEIGHTS):
        if name not in names:
            raise refusal(file.name, f"the archive holds no {name}; save it with model.save(...)")


def _read(file: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    if name not in archive.namelist():
        return b"{}"
    if archive.getinfo(name).file_size > SETTINGS_BYTES:
        raise refusal(file.name, f"its {name} takes {archive.getinfo(name).file_size:,} bytes")
    return archive.read(name)


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:100]
