"""What runs the trials of one fuzzer, in a process of its own.

It stands in a module of its own because a process that is spawned cannot import a `__main__`.
"""

import importlib
import resource
import tempfile
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

GROWTH_BYTES = 2 << 30  # a worker may grow by no more


def work(name: str, pipe: Connection) -> None:
    module = importlib.import_module(f"tests.soak.{name}")
    getattr(module, "prepare", lambda: None)()
    before = _peak()
    pipe.send("ready")
    while (seed := pipe.recv()) is not None:
        with tempfile.TemporaryDirectory() as folder:
            try:
                module.trial(seed, Path(folder))
                said = "" if _peak() - before < GROWTH_BYTES else "the process grew by over 2 GB"
            except BaseException:  # whatever comes is what the fuzzer looks for
                said = traceback.format_exc()
        pipe.send(said)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
