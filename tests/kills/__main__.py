"""Kill commands at random moments and at each change of a file, and fill their disk.

`python -m tests.kills --only train --kills 20 --seed 1`. After each end the same command is given
again and must end in the bytes of an undisturbed run; what was good before must still be so.
"""

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

from tests.kills.child import End
from tests.kills.commands import Command, heavy, light
from tests.kills.trial import Trial

NAMES = ("import", "train", "index", "explain", "report", "predict")


def moments(command: Command, folder: Path, kills: int, fills: int, rng: random.Random) -> Trial:
    """Try one command.

    Args:
        command: The command.
        folder: Where it writes.
        kills: How often it is killed: half at random moments, half at changes of files.
        fills: How often its disk is full: a real one, at some size of a file, or from some change
            on.
        rng: Of the moments.
    """
    trial = Trial(command, folder)
    events, seconds = trial.usual.events, trial.usual.seconds
    for number in range(kills):
        over = command.older is not None and rng.random() < 0.7
        by_time = End(seconds=rng.uniform(0, seconds))
        trial.kill(by_time if number % 2 else End(event=rng.randint(1, events)), over)
    for number in range(fills):
        over = command.older is not None and rng.random() < 0.7
        by_size = End(limit=int(2 ** rng.uniform(0, 17)))
        if number % 3:
            trial.fill(by_size if number % 3 == 1 else End(rng.randint(1, events), "full"), over)
        else:
            trial.fill_disk(int(2 ** rng.uniform(12, 17)))
    return trial


def every(command: Command, folder: Path) -> Trial:
    """Try one command with a kill and a full disk at each change of a file, one after another."""
    trial = Trial(command, folder)
    for over in (False, True) if command.older else (False,):
        event = 1
        while trial.kill(End(event=event), over).status < 0:
            event += 1
        for number in range(1, event + 1):
            trial.fill(End(event=number, how="full"), over)
    return trial


def main() -> int:
    """Try the commands asked for; 1 if anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills")
    parser.add_argument("--only", default=",".join(NAMES))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--fills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--every", action="store_true", help="at each change of a file instead")
    asked = parser.parse_args()
    names = asked.only.split(",")
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    failed = False
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve()
        commands = light(folder)
        if set(names) - set(commands):
            commands |= heavy(folder)
        for name in names:
            room = folder / "trials" / name
            room.mkdir(parents=True)
            if asked.every:
                trial = every(commands[name], room)
            else:
                rng = random.Random(f"{name}:{seed}")
                trial = moments(commands[name], room, asked.kills, asked.fills, rng)
            sys.stdout.write(
                f"{name}, seed {seed}: {len(trial.wrong)} wrong, {trial.torn} kills between two "
                f"renames; {trial.usual.events} changes in {trial.usual.seconds:.1f} s\n"
            )
            sys.stdout.writelines(f"  {text}\n" for text in trial.wrong[:20])
            sys.stdout.flush()
            failed = failed or bool(trial.wrong)
    return int(failed)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main())
