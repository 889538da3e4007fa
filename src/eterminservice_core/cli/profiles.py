"""
Practices and their profiles: register, show, save the dialog, confirm an address.
"""

from __future__ import annotations

import sys
from typing import Any, BinaryIO

import click
from attrs import evolve

from ..domain.address import ChannelKind, EmailAddress, FaxNumber
from ..domain.errors import InvalidAddressError
from ..domain.identifiers import BSNR
from ..domain.practice import Contact, Effect, ProfileDialog
from ..intake import import_lines
from ..profile import ProfileView
from .exit_codes import ExitCode
from .invocation import Invocation
from .parameters import bsnr_argument, email_option, json_option
from .printing import local, print_json, print_table, say
from .taking_in import take_in


# Practices


@click.group()
def practice() -> None:
    """
    Practices as the KV register knows them.
    """


@practice.command("import")
@click.argument("file", type=click.File("rb"))
@json_option
@click.pass_obj
def import_(invocation: Invocation, file: BinaryIO, *, as_json: bool) -> int:
    """
    Register practices, or update those that are known.

    FILE has one JSON object a line, '-' is standard input: bsnr, name and group
    ("doctors" or "psychotherapists"), and the register's email, fax and phone.
    What a practice entered, selected and proved itself stays as it is.
    """
    settings = invocation.settings()
    with invocation.service(settings) as service:
        steps = import_lines(
            service,
            file,
            allow_media=settings.sending.allow_media_numbers,
            window=settings.window,
        )
        return take_in(steps, file, "practice", ("new", "updated"), as_json=as_json)


@practice.command()
@bsnr_argument
@json_option
@click.pass_obj
def show(invocation: Invocation, bsnr: BSNR, *, as_json: bool) -> None:
    """
    Show a practice's profile; addresses are masked.
    """
    with invocation.service() as service:
        profile = service.profile(bsnr)
    if as_json:
        print_json(_as_json(profile))
    else:
        print_table(("", ""), _rows(profile), title=f"{bsnr}  {profile.name}")


def _as_json(view: ProfileView) -> dict[str, Any]:
    dialog = view.dialog
    return {
        "bsnr": str(view.bsnr),
        "name": view.name,
        "group": view.group,
        "phone": dialog.public.phone if dialog.public else "",
        "entered": {
            "email": dialog.email.masked if dialog.email else None,
            "fax": dialog.fax.masked if dialog.fax else None,
        },
        "options": {
            option.kind.value: option.why_not or "can be selected"
            for option in view.options
        },
        "selected": dialog.selected,
        "selected_address": view.selected_address or None,
        "state": view.state,
        "was_refused": view.was_refused,
        "locked_until": view.locked_until,
        "active_address": view.active_address or None,
        "window": {
            "opens": f"{view.window.opens:%H:%M}",
            "closes": f"{view.window.closes:%H:%M}",
            "zone": view.window.zone,
        },
        "revision": view.revision,
    }


def _rows(view: ProfileView) -> list[tuple[str, str]]:
    dialog, zone = view.dialog, view.window.zone
    state = view.state.value if view.state else "–"
    if view.was_refused:
        state += ", the address was refused"
    if view.locked_until is not None:
        state += f" until {local(view.locked_until, zone)}"
    return [
        ("group", view.group.value),
        ("phone", (dialog.public.phone if dialog.public else "") or "–"),
        ("entered e-mail", dialog.email.masked if dialog.email else "–"),
        ("entered fax", dialog.fax.masked if dialog.fax else "–"),
        *(
            (f"{option.kind.value} can be selected", option.why_not or "yes")
            for option in view.options
        ),
        ("selected", view.selected_address or "no notification"),
        ("verification", state),
        ("digests go to", view.active_address or "nowhere"),
        (
            "send window",
            f"{view.window.opens:%H:%M} to {view.window.closes:%H:%M}, {zone}",
        ),
        ("revision", str(view.revision)),
    ]


# Profiles


@click.group()
def profile() -> None:
    """
    What a practice enters and selects for its notifications.
    """


@profile.command()
@bsnr_argument
@email_option
@click.option("--fax", metavar="NUMBER", help="Enter this fax number.")
@click.option("--clear-email", is_flag=True, help="Empty the e-mail field.")
@click.option("--clear-fax", is_flag=True, help="Empty the fax field.")
@click.option(
    "--select",
    "selected",
    type=click.Choice([*(kind.value for kind in ChannelKind), "none"]),
    help="Select the channel; 'none' is no notification.",
)
@click.option(
    "--revision",
    type=int,
    help="Refuse to save if it has changed since this revision ('practice show').",
)
@json_option
@click.pass_obj
def save(  # eight arguments: as many as the dialog has fields, and how to answer
    invocation: Invocation,
    bsnr: BSNR,
    email: EmailAddress | None,
    fax: str | None,
    selected: str | None,
    revision: int | None,
    *,
    clear_email: bool,
    clear_fax: bool,
    as_json: bool,
) -> int:
    """
    Save the whole dialog; a code goes to the selected address at once.

    What is not mentioned stays as it is.
    """
    if (email and clear_email) or (fax and clear_fax):
        raise click.UsageError("a field can be entered or emptied, not both")
    settings = invocation.settings()
    allow_media = settings.sending.allow_media_numbers
    number = _fax(fax, allow_media=allow_media) if fax else None
    with invocation.service(settings, to_send=True) as service:
        before = service.profile(bsnr)
        contact = Contact(
            email=None if clear_email else email or before.dialog.email,
            fax=None if clear_fax else number or before.dialog.fax,
        )
        dialog = _dialog(before.dialog, contact, selected)
        saved = service.save_profile(
            bsnr,
            dialog,
            revision=before.revision if revision is None else revision,
        )
    if as_json:
        print_json(
            {
                "notice": saved.notice,
                "effect": saved.effect,
                "code_sent": saved.code_sent,
                "profile": _as_json(saved.profile),
            }
        )
    else:
        say(saved.notice)
    if saved.effect is Effect.CODE_NEEDED and not saved.code_sent:
        return ExitCode.TRANSPORT
    return ExitCode.DONE


def _fax(text: str, *, allow_media: bool) -> FaxNumber:
    try:
        return FaxNumber(text, allow_media=allow_media)
    except InvalidAddressError as error:
        raise click.BadParameter(str(error), param_hint="'--fax'") from None


def _dialog(
    before: ProfileDialog, contact: Contact, selected: str | None
) -> ProfileDialog:
    """
    The dialog as it was, but for what was said.
    """
    dialog = evolve(before, email=contact.email, fax=contact.fax)
    match selected:
        case None:
            return dialog
        case "none":
            return evolve(dialog, selected=None)
        case _:
            return evolve(dialog, selected=ChannelKind(selected))


# Codes


@click.command()
@bsnr_argument
@click.argument("code", required=False)
@json_option
@click.pass_obj
def confirm(
    invocation: Invocation, bsnr: BSNR, code: str | None, *, as_json: bool
) -> None:
    """
    Take in the confirmation code that a practice read off its message.

    Leave CODE out to be asked for it, or to read it from standard input: then it does
    not stand in the history of the shell.
    """
    typed = code if code is not None else _asked_for_code()
    with invocation.service() as service:
        confirmed = service.confirm(bsnr, typed)
    if as_json:
        print_json(_as_json(confirmed))
    else:
        say(f"confirmed: digests now go to {confirmed.active_address}")


def _asked_for_code() -> str:
    if sys.stdin.isatty():
        answer: str = click.prompt("Code", err=True)
        return answer
    return sys.stdin.readline()
