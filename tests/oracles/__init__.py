"""Our numbers against those of other libraries.

`test_tf_keras_vis.py` runs with every `make test`: tf-keras-vis is among our requirements.

Xplique 2.0.2 and Quantus 0.6.0 pin older versions of TensorFlow and SciPy, so that they can only
be installed with `pip install --no-deps`. `make oracle` builds an environment of its own for them
(`.venv-oracle`, from `requirements-oracle.txt` of this folder) and runs the tests marked `oracle`.
In every other environment these tests are skipped, with the reason. A module of such tests starts

    pytestmark = pytest.mark.oracle
    quantus = pytest.importorskip("quantus", reason="make oracle installs it")

and each test's docstring states the deviation that was found, if any.
"""
