"""Fuzzers by seed: `make soak SECONDS=600`; a slice of a minute is part of `make test`.

A fuzzer is a module of this package with `trial(seed, folder)`: it makes one hostile input of the
seed in the folder, gives it to the product, and raises `AssertionError` when the product does
anything but answer rightly or refuse in a sentence of ours (an `OsteoError`). The same seed makes
the same input. `prepare()`, where there is one, is called once in the process before the trials.
"""

import pkgutil

FUZZERS = tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name[0] != "_"))
