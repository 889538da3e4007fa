"""
What a portal says: after saving a profile (R6), and of a channel it cannot offer.

Sentences for people, in German; each is a pure function, so that a portal can show them
as they are or put its own in their place.  `masked` is always the address as its `str`
shows it, never the address itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from ..domain.address import ChannelKind
from ..domain.codes import LIFETIME, PATIENCE
from .german import address_noun


def code_on_its_way(kind: ChannelKind, masked: str) -> str:
    """
    A code was handed over, or may have been; where to look for it, what to do with it.
    """
    return (
        f"Ein Bestätigungscode ist an die {address_noun(kind)} {masked} unterwegs."
        f" Bis er ankommt, können einige Minuten vergehen. {_where_to_look(kind)}"
        " Geben Sie den Code danach hier im Profil ein; er gilt"
        f" {LIFETIME // timedelta(hours=1)} Stunden."
    )


def _where_to_look(kind: ChannelKind) -> str:
    match kind:
        case ChannelKind.EMAIL:
            return "Nichts im Posteingang? Sehen Sie bitte auch im Spam-Ordner nach."
        case ChannelKind.FAX:
            return "Bitte lassen Sie Ihr Faxgerät so lange empfangsbereit."
        case _:
            assert_never(kind)


def code_not_sent(kind: ChannelKind, masked: str) -> str:
    """
    No code could be handed over; the profile is saved all the same.
    """
    return (
        "Ihre Angaben sind gespeichert, aber der Bestätigungscode konnte nicht an die"
        f" {address_noun(kind)} {masked} gesendet werden. Bitte speichern Sie in"
        " einigen Minuten noch einmal; Sie erhalten dann einen neuen Code."
    )


def address_refused(kind: ChannelKind, masked: str) -> str:
    """
    The far end says that this address will not work.
    """
    return (
        f"Die {address_noun(kind)} {masked} nimmt keine Nachrichten an. Bitte prüfen"
        " Sie, ob sie stimmt, und speichern Sie danach noch einmal."
    )


def vouched_for(kind: ChannelKind, masked: str) -> str:
    """
    The register guarantees the address; no code is needed.
    """
    return (
        f"Die {address_noun(kind)} {masked} hat uns Ihre Kassenärztliche Vereinigung"
        " gemeldet. Sie ist damit bestätigt; ein Code ist nicht nötig."
    )


def no_notification() -> str:
    """
    „Keine Benachrichtigung“ was selected: what that means (R10).
    """
    return (
        "Sie haben „Keine Benachrichtigung“ ausgewählt. Über neue Buchungen und Absagen"
        " erhalten Sie keine Nachricht; sie bleiben auf der Arbeitsliste der"
        " Terminservicestelle stehen. Bitte sehen Sie regelmäßig im Portal nach."
    )


def nothing_to_do(kind: ChannelKind, masked: str) -> str:
    """
    The selected channel was verified before and did not change.
    """
    return (
        f"Ihre Angaben sind gespeichert. Die {address_noun(kind)} {masked} ist bereits"
        " bestätigt; Sie brauchen nichts weiter zu tun."
    )


def code_already_sent(kind: ChannelKind, masked: str) -> str:
    """
    A code went out minutes ago and still works; when another can be had.
    """
    return (
        f"An die {address_noun(kind)} {masked} ist schon ein Bestätigungscode"
        f" unterwegs, und er gilt weiterhin. {_where_to_look(kind)} Fehlt er"
        f" {PATIENCE // timedelta(minutes=1)} Minuten nach dem Versand noch immer,"
        " speichern Sie bitte noch einmal; ein neuer Code ersetzt dann den alten."
    )


def old_channel_keeps_working(masked: str) -> str:
    """
    Another address is verified and goes on until the new one is (P9).
    """
    return (
        f"Ihre Benachrichtigungen gehen weiter an {masked}, bis die neue Adresse"
        " bestätigt ist."
    )


def no_address(kind: ChannelKind) -> str:
    """
    Why a channel cannot be selected: nothing was entered for it (R3).
    """
    return f"keine {address_noun(kind)} erfasst"


def no_transport(kind: ChannelKind) -> str:
    """
    Why a channel cannot be selected: this service cannot send that way.
    """
    match kind:
        case ChannelKind.EMAIL:
            return "kein Versandweg für E-Mails eingerichtet"
        case ChannelKind.FAX:
            return "kein Versandweg für Faxe eingerichtet"
        case _:
            assert_never(kind)
