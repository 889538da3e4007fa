"""
The command's root: its options, its subcommands, and how every error ends.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import click

from ..domain.errors import EterminserviceError
from .demo.command import demo
from .exit_codes import ExitCode, exit_code
from .invocation import Invocation
from .logs import log_to_stderr
from .notices import record, why, worklist
from .printing import complain
from .profiles import confirm, practice, profile
from .sending import dispatch, worker
from .setting_up import init, transports


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ETERMINSERVICE_SETTINGS",
    metavar="FILE",
    help="The settings file; by default eterminservice.toml in this folder.",
)
@click.option(
    "--debug",
    is_flag=True,
    help="Show where an error came from; that may show personal data.",
)
@click.version_option(package_name="eterminservice", message="%(version)s")
@click.pass_obj
def eterminservice(
    invocation: Invocation, settings_file: Path | None, *, debug: bool
) -> None:
    """
    Tell practices what the Terminservicestelle booked or cancelled for them.

    Start with 'demo', which needs nothing, or with 'init', which writes the settings.
    """
    invocation.settings_file = settings_file
    invocation.debug = debug


for _command in (
    confirm,
    demo,
    dispatch,
    init,
    practice,
    profile,
    record,
    transports,
    why,
    worker,
    worklist,
):
    eterminservice.add_command(_command)


def run(
    arguments: Sequence[str], *, clock: Callable[[], datetime] | None = None
) -> int:
    """
    Run the command; errors become one sentence on stderr and an exit code.

    Args:
        arguments: What stands after the command's name.
        clock: Another clock than the machine's, for tests.
    """
    log_to_stderr()
    invocation = Invocation(environment=os.environ, clock=clock)
    try:
        answer = eterminservice.main(
            list(arguments),
            prog_name="eterminservice",
            obj=invocation,
            standalone_mode=False,
        )
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except EterminserviceError as error:
        complain(str(error))
        _trace(invocation)
        return exit_code(error)
    except Exception as error:  # noqa: BLE001 — whatever it is, it ends in a sentence
        # Its text may quote anything, so only its type is told.
        complain(
            f"unexpected {type(error).__name__}: this is a defect of eterminservice;"
            " call it as 'eterminservice --debug …' to see where"
        )
        _trace(invocation)
        return ExitCode.BUG
    return int(answer or ExitCode.DONE)


def _trace(invocation: Invocation) -> None:
    if invocation.debug:
        traceback.print_exc(file=sys.stderr)
