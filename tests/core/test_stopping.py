"""How `osteo` ends before its work does: in processes of their own, as a shell sees it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import PROJECT

WORK = """
import sys, time
from osteo_core import cli, files
def work(standalone_mode):
    with files.atomic_write(sys.argv[2], text=True) as stream:
        stream.write("half")
        try:
            sys.stderr.write("begun\\n")
            sys.stderr.flush()
            while True:
                time.sleep(0.01)
        finally:
            if sys.argv[1] == "stubborn":
                time.sleep(60)
cli.osteo.main = work
cli.main()
"""


def begin(tmp_path, command="train"):
    (tmp_path / "out").write_text("good")
    run = subprocess.Popen(
        [sys.executable, "-c", WORK, command, tmp_path / "out"],
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background ignores SIGINT, and what it starts inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert run.stderr.readline() == "begun\n"
    return run


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize(
    ("command", "said"), [("train", "goes on from there"), ("report", "nothing is half written")]
)
def test_a_signal_ends_a_run_in_good_order(tmp_path, sent, status, command, said):
    run = begin(tmp_path, command)
    run.send_signal(sent)
    told = run.communicate(timeout=20)[1]
    assert run.returncode == status
    assert told.startswith(f"osteo: stopped by {sent.name}: ")
    assert said in told
    assert told.count("\n") == 1
    assert [f.name for f in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_text() == "good"


def test_a_second_signal_ends_it_at_once(tmp_path):
    run = begin(tmp_path, "stubborn")
    run.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert run.poll() is None
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=5)
    assert run.returncode == 143


def osteo(*words, **more):
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "osteo_core.cli", *words]
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": env, **more}
    return subprocess.Popen(command, text=True, **more)


def test_a_reader_that_goes_is_no_error():
    run = osteo("models")
    run.stdout.close()
    assert run.stderr.read() == ""
    assert run.wait() == 141


def test_output_onto_a_full_disk_is_a_sentence():
    with Path("/dev/full").open("w") as full:
        run = osteo("models", stdout=full)
        told = run.communicate()[1]
    assert run.returncode == 2
    assert told == ("osteo: Could not write standard output: the disk is full.\n")


def test_work_goes_on_when_what_it_tells_on_the_way_cannot_be_written():
    with Path("/dev/full").open("w") as full:
        run = osteo("models", stderr=full)
        assert run.communicate()[0]
    assert run.returncode == 0
