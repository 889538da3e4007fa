"""
What a portal shows of a practice's profile, before and after saving (R3, R4, R6).
"""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime

from attrs import field, frozen

from .confirmation import Saved
from .domain.address import ChannelKind
from .domain.identifiers import BSNR
from .domain.message import Outcome
from .domain.practice import Effect, Practice, PracticeGroup, ProfileDialog
from .domain.send_window import SendWindow
from .domain.verification import State
from .rendering import portal


@frozen(kw_only=True)
class Selectable:
    """
    Whether a channel can be selected, and why not (R3).

    Attributes:
        kind: The channel.
        can_be_selected: Whether its option is active.
        why_not: In German, for the portal; empty where it can.
    """

    kind: ChannelKind
    can_be_selected: bool
    why_not: str = ""


@frozen(kw_only=True)
class ProfileView:
    """
    A practice's profile as a portal shows it.

    Attributes:
        bsnr: The practice.
        name: Its name.
        group: Doctors or psychotherapists.
        dialog: The dialog as it opens, pre-filled; change it and save it.
        options: For each channel whether it can be selected, and why not.
        state: How far the selected channel's proof has come; None if none is selected.
        selected_address: The selected address, masked; empty if none is selected.
        active_address: Where digests go now, masked; empty if nowhere.
        was_refused: The far end refused the selected address.
        locked_until: When guessing opens again, if too many guesses were wrong.
        window: When the practice may be disturbed.
        revision: Give it back when saving, and a change by somebody else is noticed.
    """

    bsnr: BSNR
    name: str = field(repr=False)
    group: PracticeGroup
    dialog: ProfileDialog
    options: tuple[Selectable, ...]
    state: State | None
    selected_address: str
    active_address: str
    was_refused: bool
    locked_until: datetime | None
    window: SendWindow
    revision: int


@frozen(kw_only=True)
class SavedProfile:
    """
    What a portal must show after saving.

    Attributes:
        profile: The profile as it is now.
        effect: What saving led to.
        code_sent: Whether a code is (or may be) on its way.
        notice: What to show, in German.
    """

    profile: ProfileView
    effect: Effect
    code_sent: bool
    notice: str


def view(practice: Practice, open_kinds: Container[ChannelKind]) -> ProfileView:
    """
    The profile as a portal shows it.
    """
    selected, active = practice.selected, practice.active
    verification = selected.verification if selected else None
    return ProfileView(
        bsnr=practice.bsnr,
        name=practice.name,
        group=practice.group,
        dialog=ProfileDialog.of(practice),
        options=tuple(_option(practice, kind, open_kinds) for kind in ChannelKind),
        state=verification.state if verification else None,
        selected_address=selected.address.masked if selected else "",
        active_address=active.address.masked if active else "",
        was_refused=verification.was_refused if verification else False,
        locked_until=verification.locked_until if verification else None,
        window=practice.window,
        revision=practice.revision,
    )


def _option(
    practice: Practice, kind: ChannelKind, open_kinds: Container[ChannelKind]
) -> Selectable:
    if practice.contacts.address(kind) is None:
        why_not = portal.no_address(kind)
    elif kind not in open_kinds:
        why_not = portal.no_transport(kind)
    else:
        return Selectable(kind=kind, can_be_selected=True)
    return Selectable(kind=kind, can_be_selected=False, why_not=why_not)


def saved_profile(saved: Saved, open_kinds: Container[ChannelKind]) -> SavedProfile:
    """
    What a portal must show after saving (R6).
    """
    sentences = [_sentence(saved)]
    selected, active = saved.practice.selected, saved.practice.active
    if active is not None and selected is not None and active.id != selected.id:
        sentences.append(portal.old_channel_keeps_working(active.address.masked))
    return SavedProfile(
        profile=view(saved.practice, open_kinds),
        effect=saved.effect,
        code_sent=_may_be_on_its_way(saved),
        notice=" ".join(sentences),
    )


def _may_be_on_its_way(saved: Saved) -> bool:
    return saved.receipt is not None and saved.receipt.outcome in {
        Outcome.ACCEPTED,
        Outcome.UNKNOWN,
    }


def _sentence(saved: Saved) -> str:
    selected = saved.practice.selected
    if selected is None:
        return portal.no_notification()
    kind, masked = selected.kind, selected.address.masked
    match saved.effect:
        case Effect.VOUCHED_FOR:
            return portal.vouched_for(kind, masked)
        case Effect.UNCHANGED:
            return portal.nothing_to_do(kind, masked)
        case Effect.CODE_ALREADY_OUT:
            return portal.code_already_sent(kind, masked)
        case Effect.CODE_NEEDED | Effect.SILENCED:
            if _may_be_on_its_way(saved):
                return portal.code_on_its_way(kind, masked)
            if saved.receipt and saved.receipt.outcome is Outcome.REJECTED:
                return portal.address_refused(kind, masked)
            return portal.code_not_sent(kind, masked)
