"""`osteo`: everything the dashboard shows, from a terminal."""

import contextlib
import importlib
import os
import sys

import click

from osteo_core.errors import OsteoError
from osteo_core.files.disk_errors import refusal_of
from osteo_core.stopping import Stopped, Unheard, mute, stoppable, told_output

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Name -> the module of osteo_core.commands that holds it and the line shown in the list of
# commands; a command's module is imported when it is called, so that `osteo --help` is quick.
_COMMANDS = {
    "models": "List the trained networks; export one as a Keras archive.",
    "predict": "Class probabilities of tiles, as CSV.",
    "explain": "Heat maps of tiles, as raw numbers and pictures.",
    "methods": "The ways to make a heat map, and what each costs.",
    "grade": "How far each method's heat maps can be trusted.",
    "cohort": "Labelled tiles on disk and one split of them.",
    "train": "Train a network and write its bundle.",
    "evaluate": "Score a network, or set split protocols side by side.",
    "ensemble": "Several networks that answer as one.",
    "decide": "Calls under thresholds or costs, and what goes to a person.",
    "necrosis": "How much of the tumour on a slide is dead, and how sure that is.",
    "compare": "Two networks, tile by tile: calls and where each one looks.",
    "report": "Networks, cohort and maps as one HTML file.",
    "index": "What every unit does on every tile of a cohort.",
    "bench": "Measure reading and explaining against a plain forward pass.",
}

_RESUMED = ("train", "index")
_UNHEARD = 141  # as of any command whose reader has gone: 128 + SIGPIPE


class _Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of a person's work."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"osteo_core.commands.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="osteo-explain")
def osteo() -> None:
    """See inside networks that read bone-tumour histology.

    For research and teaching, not diagnosis. Exit status: 0 done, 1 some inputs failed (each
    named on stderr, the others done), 2 wrong usage or nothing could be written, 130 or 143
    stopped.
    """


def main() -> None:
    """Run the command line; what it says no to is one sentence and exit status 2."""
    with stoppable():
        status = _run()
    mute()
    sys.exit(status)


def _run() -> int:
    try:
        with told_output():
            status = osteo.main(standalone_mode=False)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Unheard:
        return _UNHEARD
    except Stopped as stop:
        return _say(f"stopped by {stop.name}: {_what_now()}", stop.status)
    except click.exceptions.Abort:
        return _say("stopped", 130)
    except click.ClickException as error:
        error.show()
        return 2
    except OsteoError as error:
        return _say(str(error), error.exit_status)
    except OSError as error:
        return _say(str(refusal_of(error)), 2)
    return status if isinstance(status, int) else 0


def _say(sentence: str, status: int) -> int:
    with contextlib.suppress(OSError):
        click.echo(f"osteo: {sentence}", err=True)
    return status


def _what_now() -> str:
    if any(name in sys.argv[1:2] for name in _RESUMED):
        return "what is done so far is kept, and the same command goes on from there."
    return "nothing is half written; the same command does it again."


if __name__ == "__main__":
    main()
