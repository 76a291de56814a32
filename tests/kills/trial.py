"""One command, ended in one way after another, and what is left each time."""

import contextlib
import csv
import hashlib
import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.kills.child import End, Ended, run
from tests.kills.commands import Command

Tree = dict[str, str]


class Trial:
    """How a command ends undisturbed, and what a disturbed one may leave.

    Attributes:
        wrong: What was not as it must be.
        torn: Kills that fell between two of the renames that put several files in place.
        usual: The undisturbed run over an older result, or into an empty folder.
    """

    def __init__(self, command: Command, folder: Path) -> None:
        self.command, self.wrong, self.torn = command, [], 0
        self._disk, self._saved = folder / "disk", folder / "older"
        self._out = self._disk / "out"  # one name for all: it stands in some of the files
        self._disk.mkdir()
        self._older: Tree = {}
        if command.older:
            self._done(command.older(self._out))
            self._older = tree(self._out)
            self._out.rename(self._saved)
        self.usual = self._done(command.argv(self._out))
        self._whole = tree(self._out)
        if command.older:
            self._start(over=True)
            self.usual = self._done(command.argv(self._out))
            self._expect("over an older result", tree(self._out), self._whole)

    def kill(self, end: End, over: bool) -> Ended:
        """End it so, then give the same command again."""
        self._start(over)
        ended = run(self.command.argv(self._out), self._out, end)
        if over:
            self._look(end)
        self._again(end)
        return ended

    def fill(self, end: End, over: bool) -> Ended:
        """Let it find no room, then let it have some and give the same command again."""
        self._start(over)
        ended = run(self.command.argv(self._out), self._out, end)
        self._look_full(end, ended, over)
        self._again(end)
        return ended

    def fill_disk(self, room: int) -> Ended | None:
        """Let it run on a disk of its own that has so many bytes left; None where none is made."""
        size = sum(file.stat().st_size + 4096 for file in self._saved.rglob("*")) + room
        with small_disk(self._disk, size) as made:
            if not made:
                return None
            self._start(over=self._saved.exists())
            ended = run(self.command.argv(self._out), self._out)
            self._look_full(f"{room} bytes free", ended, self._saved.exists())
        return ended

    def _look_full(self, end: object, ended: Ended, over: bool) -> None:
        if ended.status:  # else there was room enough, or only the tidying up was disturbed
            self._one_sentence(end, ended)
            keeps = self.command.keeps
            left = {n: d for n, d in tree(self._out).items() if not (keeps and n.startswith(keeps))}
            self._expect(f"{end}: left", left, self._older if over else {})

    def _one_sentence(self, end: object, ended: Ended) -> None:
        told = [line for line in ended.said.splitlines() if line.startswith("osteo: ")]
        if ended.status != 2 or len(told) != 1 or "Traceback" in ended.said:
            self.wrong.append(f"{end}: status {ended.status}, said {ended.said[-1500:]}")

    def _look(self, end: End) -> None:
        """What is there is the old one or the new one, whole."""
        now = tree(self._out)
        visible = {name: told for name, told in now.items() if not name.startswith(".")}
        if self.command.keeps:
            visible = {n: d for n, d in visible.items() if not n.startswith(self.command.keeps)}
        if visible in (self._older, self._whole):
            return
        try:
            self.command.reads(self._out)
        except Exception as error:
            self.torn += 1
            named = sorted(n for n in visible if visible[n] != self._older.get(n))
            self.wrong += [] if named else [f"{end}: unreadable: {error}"]

    def _again(self, end: End) -> None:
        again = run(self.command.argv(self._out), self._out)
        if again.status or "Traceback" in again.said:
            self.wrong.append(f"{end}: again: status {again.status}: {again.said[-1500:]}")
        else:
            self._expect(f"{end}: again", tree(self._out), self._whole)

    def _start(self, over: bool) -> None:
        shutil.rmtree(self._out, ignore_errors=True)
        if over:
            shutil.copytree(self._saved, self._out)

    def _done(self, argv: list[str]) -> Ended:
        done = run(argv, self._out)
        if done.status:
            raise RuntimeError(f"{self.command.name} fails undisturbed: {done.said[-3000:]}")
        return done

    def _expect(self, when: str, found: Tree, expected: Tree) -> None:
        names = sorted(found.keys() | expected.keys())
        if other := [name for name in names if found.get(name) != expected.get(name)]:
            self.wrong.append(f"{when}: other than expected: {', '.join(other[:8])}")


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[bool]:
    """A disk of so many bytes over a folder; says whether one could be made, which takes root."""
    asked = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    made = subprocess.run(asked, capture_output=True, check=False).returncode == 0
    try:
        yield made
    finally:
        if made:
            subprocess.run(["umount", str(folder)], check=True)


def tree(folder: Path) -> Tree:
    """Every file by its bytes, but for times of day and seconds that a run took."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(_content(file)).hexdigest()
        for file in files
    }


def _content(file: Path) -> bytes:
    data = file.read_bytes()
    if file.name == "card.json":
        card = json.loads(data)
        del card["provenance"]["seconds"], card["provenance"]["date"]
        return json.dumps(card).encode()
    if file.name == "history.csv":
        rows = csv.DictReader(io.StringIO(data.decode()))
        return json.dumps([{**row, "seconds": ""} for row in rows]).encode()
    return data
