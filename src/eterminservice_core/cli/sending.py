"""
Sending: one run for schedulers, or a worker that runs until it is stopped.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import click

from ..dispatch import Settled
from ..worker import Worker, stopping_on_signals
from .exit_codes import ExitCode
from .invocation import Invocation, require_transports
from .parameters import json_option
from .printing import counted, print_json, say


@click.command()
@json_option
@click.pass_obj
def dispatch(invocation: Invocation, *, as_json: bool) -> int:
    """
    Send what is due, if anything is, and end.

    A scheduler may call it as often as it likes: no practice gets more than one digest
    in 24 hours.
    """
    settings = invocation.settings()
    require_transports(settings)
    stop = threading.Event()
    with (
        invocation.service(settings, to_send=True) as service,
        stopping_on_signals(stop),
    ):
        settled = service.dispatch_due(stop.is_set)
    if as_json:
        print_json([_as_json(each) for each in settled])
    else:
        say(_summary(settled))
    return ExitCode.TRANSPORT if any(map(_is_our_fault, settled)) else ExitCode.DONE


@click.command()
@json_option
@click.pass_obj
def worker(invocation: Invocation, *, as_json: bool) -> None:
    """
    Send what is due, and wait for more, until SIGTERM or SIGINT.

    Any number of workers may run on one store.  With --json, each hand-over is one
    line of JSON.
    """
    settings = invocation.settings()
    require_transports(settings)

    def watch(settled: list[Settled]) -> None:
        if as_json:
            for each in settled:
                print_json(_as_json(each), on_one_line=True)
        elif settled:
            say(_summary(settled))

    with invocation.service(settings, to_send=True) as service:
        running = Worker(service=service, watch=watch)
        with stopping_on_signals(running.stop):
            click.echo("the worker runs; SIGTERM or Ctrl-C stops it", err=True)
            running.run()


def _summary(settled: list[Settled]) -> str:
    if not settled:
        return "nothing was due"
    notices = sum(each.notices for each in settled)
    outcomes = Counter(_outcome(each) for each in settled)
    listed = ", ".join(f"{number} {what}" for what, number in sorted(outcomes.items()))
    return (
        f"{counted(len(settled), 'digest')} with {counted(notices, 'notice')}: {listed}"
    )


def _outcome(settled: Settled) -> str:
    receipt = settled.receipt
    words = receipt.outcome.value
    return f"{words} ({receipt.reason.value})" if receipt.reason else words


def _is_our_fault(settled: Settled) -> bool:
    reason = settled.receipt.reason
    return reason is not None and reason.speaks_of_us


def _as_json(settled: Settled) -> dict[str, Any]:
    receipt = settled.receipt
    return {
        "attempt": settled.attempt_id,
        "bsnr": str(settled.bsnr),
        "transport": settled.transport,
        "outcome": receipt.outcome,
        "reason": receipt.reason,
        "status": receipt.status,
        "lines": settled.lines,
        "notices": settled.notices,
    }
