"""Run the fuzzers: `python -m tests.soak --seconds 60`; one trial again: `--only NAME:SEED`."""

import argparse
import multiprocessing
import sys
import time

from tests.soak import FUZZERS
from tests.soak._worker import work

HANG_S = 20  # one trial may take no longer
START_S = 180  # TensorFlow is imported where a fuzzer needs it


def soak(
    name: str, first: int, seconds: float, at_most: int | None = None
) -> tuple[int, list[str]]:
    """Run one fuzzer from a seed on; return the trials done and what went wrong.

    The seconds are those of the trials: starting a worker, TensorFlow with it, is not counted.
    """
    spent = 0.0
    context = multiprocessing.get_context("spawn")
    wrong: list[str] = []
    seed, worker, pipe = first, None, None
    while (spent < seconds or seed == first) and seed - first != at_most:
        if worker is None:
            pipe, theirs = context.Pipe()
            worker = context.Process(target=work, args=(name, theirs), daemon=True)
            worker.start()
            theirs.close()
            if not pipe.poll(START_S):
                return seed - first, [*wrong, f"{name}: did not start"]
            pipe.recv()
        begun = time.monotonic()
        pipe.send(seed)
        try:
            said = pipe.recv() if pipe.poll(HANG_S) else f"took over {HANG_S} s"
        except EOFError:
            said = "the process died"
        if said:
            wrong.append(f"{name}:{seed}: {said}")
        if said.startswith(("took", "the process")):
            worker.kill()
            worker = None
        seed, spent = seed + 1, spent + time.monotonic() - begun
    if worker is not None:
        pipe.send(None)
        worker.join(10)
    return seed - first, wrong


def main() -> int:
    """Share the seconds out among the fuzzers; 1 if any trial went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="first seed; by the clock if absent")
    parser.add_argument("--fuzzers", default=",".join(FUZZERS))
    parser.add_argument("--trials", type=int, default=None, help="at most so many of each")
    parser.add_argument("--only", help="NAME:SEED, one trial again")
    asked = parser.parse_args()
    if asked.only:
        name, seed = asked.only.split(":")
        names, first, seconds, trials = [name], int(seed), 0.0, 1
    else:
        names = [name for name in asked.fuzzers.split(",") if name]
        first = int(time.time()) % 1_000_000 * 1000 if asked.seed is None else asked.seed
        seconds, trials = asked.seconds, asked.trials
    failed = False
    for name in names:
        done, wrong = soak(name, first, seconds / max(1, len(names)), trials)
        sys.stdout.write(f"{name}: {done} trials from seed {first}, {len(wrong)} wrong\n")
        sys.stdout.writelines(f"{text}\n" for text in wrong[:20])
        sys.stdout.flush()
        failed = failed or bool(wrong)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
