"""Keras' model files, looked at before anything is built: `.keras` archives and `.h5`, of 2 and 3.

`load` is the one way in. A file is read (`contents`), its sizes and its settings are checked
(`limits`, `archive`, `hdf5`, `settings`), and only then is the network built: by Keras' own reader
for a file of Keras 3, from repaired settings for one of Keras 2 (`keras2_*`).
"""

from osteo_core.model_files.loading import load, one_line

__all__ = ["load", "one_line"]
