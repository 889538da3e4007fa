"""
Notices: record them, see which ones people must tell, and why a practice waits.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO

import click

from ..domain.agenda import Due
from ..domain.appointment import Notice
from ..domain.identifiers import BSNR
from ..facts import Attempt
from ..intake import record_lines
from ..overview import Explanation, WorklistEntry
from .invocation import Invocation
from .parameters import bsnr_argument, json_option
from .printing import counted, local, print_json, print_table, say
from .taking_in import take_in


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write refused lines there, unchanged; a new file.",
)
@json_option
@click.pass_obj
def record(
    invocation: Invocation, file: BinaryIO, rejects: Path | None, *, as_json: bool
) -> int:
    """
    Record bookings and cancellations.

    FILE has one JSON object a line; '-' is standard input.  What was recorded before
    changes nothing, so a file can be given again.  A bad line is named on standard
    error and stops no other one.
    """
    with invocation.service() as service:
        return take_in(
            record_lines(service, file),
            file,
            "notice",
            ("new", "known"),
            as_json=as_json,
            rejects=rejects,
        )


# The worklist


@click.command()
@json_option
@click.pass_obj
def worklist(invocation: Invocation, *, as_json: bool) -> None:
    """
    List every notice that does not reach its practice in time by itself, and why.
    """
    settings = invocation.settings()
    with invocation.service(settings) as service:
        entries = service.worklist()
    if as_json:
        print_json([_entry_as_json(entry) for entry in entries])
        return
    if not entries:
        say("nothing to do: every waiting notice will reach its practice in time")
        return
    zone = settings.sending.zone
    print_table(
        ("appointment", "what", "practice", "phone", "why", "waiting since"),
        [
            (
                local(entry.notice.appointment.starts_at, zone),
                _what(entry.notice),
                f"{entry.practice_name} ({entry.bsnr})",
                entry.phone,
                entry.reason.value,
                local(entry.waiting_since, zone),
            )
            for entry in entries
        ],
    )
    say(_by_reason(entries))


def _by_reason(entries: list[WorklistEntry]) -> str:
    reasons = Counter(entry.reason.value for entry in entries)
    listed = ", ".join(f"{number} {reason}" for reason, number in reasons.most_common())
    return f"{counted(len(entries), 'notice')}: {listed}"


def _what(notice: Notice) -> str:
    slot = notice.appointment
    kind = notice.identity.kind.value
    return ", ".join(part for part in (kind, slot.specialty, slot.doctor) if part)


def _entry_as_json(entry: WorklistEntry) -> dict[str, Any]:
    """
    What people need to tell it; the Vermittlungscode is not for them.
    """
    notice = entry.notice
    return {
        "bsnr": str(entry.bsnr),
        "practice": entry.practice_name,
        "phone": entry.phone,
        "kind": notice.identity.kind,
        "appointment": notice.appointment.id,
        "version": notice.version,
        "starts_at": notice.appointment.starts_at,
        "specialty": notice.appointment.specialty,
        "doctor": notice.appointment.doctor,
        "reason": entry.reason,
        "waiting_since": entry.waiting_since,
    }


# Why


@click.command()
@bsnr_argument
@json_option
@click.pass_obj
def why(invocation: Invocation, bsnr: BSNR, *, as_json: bool) -> None:
    """
    Say when a practice is told next, what sets that time, and what happened before.
    """
    with invocation.service() as service:
        explanation = service.why(bsnr)
    if as_json:
        print_json(_explanation_as_json(explanation))
        return
    practice, outlook = explanation.practice, explanation.outlook
    zone = practice.window.zone
    rows = [
        ("next digest", local(_next_at(explanation), zone)),
        ("because", explanation.constraint),
        ("waiting", _waiting(explanation, zone)),
        ("24 hours are over", local(outlook.quota_free_at, zone)),
        ("failed in a row", str(outlook.failures)),
        ("not before", local(outlook.retry_at, zone)),
        ("with a worker now", "yes" if outlook.leased_to else "no"),
    ]
    print_table(("", ""), rows, title=f"{bsnr}  {practice.name}")
    if explanation.attempts:
        print_table(
            ("hand-over", "through", "outcome", "reason", "status"),
            [_attempt_row(attempt, zone) for attempt in explanation.attempts],
        )


def _next_at(explanation: Explanation) -> Any:
    verdict = explanation.verdict
    return verdict.at if isinstance(verdict, Due) else None


def _waiting(explanation: Explanation, zone: str) -> str:
    outlook = explanation.outlook
    text = counted(outlook.waiting, "notice")
    if outlook.waiting_since is not None:
        text += f", the oldest since {local(outlook.waiting_since, zone)}"
    return text


def _attempt_row(attempt: Attempt, zone: str) -> tuple[str, ...]:
    receipt = attempt.receipt
    return (
        local(attempt.begun_at, zone),
        attempt.transport,
        receipt.outcome.value if receipt else "begun",
        receipt.reason.value if receipt and receipt.reason else "",
        receipt.status if receipt else "",
    )


def _explanation_as_json(explanation: Explanation) -> dict[str, Any]:
    outlook = explanation.outlook
    return {
        "bsnr": str(explanation.practice.bsnr),
        "now": explanation.now,
        "next_digest_at": _next_at(explanation),
        "because": explanation.constraint,
        "waiting": outlook.waiting,
        "waiting_since": outlook.waiting_since,
        "quota_free_at": outlook.quota_free_at,
        "retry_at": outlook.retry_at,
        "failures": outlook.failures,
        "leased": outlook.leased_to is not None,
        "attempts": [
            {
                "id": attempt.id,
                "begun_at": attempt.begun_at,
                "settled_at": attempt.settled_at,
                "transport": attempt.transport,
                "outcome": attempt.outcome or "begun",
                "reason": attempt.receipt.reason if attempt.receipt else None,
                "status": attempt.receipt.status if attempt.receipt else "",
            }
            for attempt in explanation.attempts
        ],
    }
