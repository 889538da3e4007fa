"""
A practice and its profile: entered, selected, verified are three facts (R2).

Rules of this file:

1. *Entered* is `Practice.contacts`, *selected* is `Practice.selected`, *verified* is
   that channel's verification.
2. *Active* is a snapshot of its own: the channel that proved itself last goes on
   receiving until another has proved itself (P9), unless its address was removed or
   silence was chosen.
3. Saving is one operation on the whole dialog (R6).
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from attrs import evolve, field, frozen

from .address import Address, ChannelKind, EmailAddress, FaxNumber
from .channel import Channel
from .codes import PATIENCE
from .errors import ChannelLockedError, InvalidProfileError
from .identifiers import BSNR
from .send_window import NIGHT, SendWindow
from .verification import State, Step


class PracticeGroup(Enum):
    """
    Whom the announcement addresses; it picks the contact line (R12).
    """

    DOCTORS = "doctors"
    PSYCHOTHERAPISTS = "psychotherapists"


def _line(value: object) -> str:
    """
    One printable line: a line break in a practice's name would be a header of its own.
    """
    if not isinstance(value, str) or not all(c.isprintable() for c in value):
        raise InvalidProfileError("a name or number must be one printable line")
    return value.strip()


def _email(value: str | EmailAddress | None) -> EmailAddress | None:
    return EmailAddress.of(value) if value else None


def _fax(value: str | FaxNumber | None) -> FaxNumber | None:
    return FaxNumber.of(value) if value else None


def _kind(value: str | ChannelKind | None) -> ChannelKind | None:
    try:
        return None if value is None else ChannelKind(value)
    except ValueError:
        kinds = " or ".join(kind.value for kind in ChannelKind)
        raise InvalidProfileError(f"a channel is {kinds}, or None") from None


@frozen(kw_only=True)
class Contact:
    """
    Where a practice can be reached.

    Attributes:
        email: E-mail address, or None.
        fax: Fax number, or None.
        phone: Telephone, as the practice writes it.
    """

    email: EmailAddress | None = field(default=None, converter=_email)
    fax: FaxNumber | None = field(default=None, converter=_fax)
    phone: str = field(default="", converter=_line, repr=False)

    def address(self, kind: ChannelKind) -> Address | None:
        """
        The address for this kind of channel, if one was entered.
        """
        match kind:
            case ChannelKind.EMAIL:
                return self.email
            case ChannelKind.FAX:
                return self.fax


@frozen
class Practice:
    """
    The place that is notified (Praxis, Betriebsstätte).

    Attributes:
        bsnr: Its number.
        name: Its name, one line.
        group: Doctors or psychotherapists.
        master: What the KV register says; nobody edits it in a dialog.
        public: The public contact, as the practice wants it shown.
        contacts: Addresses *entered* for notifications (R5).
        selected: The channel *selected*; None is „Keine Benachrichtigung“.
        active: The channel that receives digests now, if any (P9).
        window: When it may be disturbed.
        revision: Rises with every change.
    """

    bsnr: BSNR
    name: str = field(kw_only=True, converter=_line, repr=False)
    group: PracticeGroup = field(default=PracticeGroup.DOCTORS, kw_only=True)
    master: Contact = field(default=Contact(), kw_only=True)
    public: Contact = field(default=Contact(), kw_only=True)
    contacts: Contact = field(default=Contact(), kw_only=True)
    selected: Channel | None = field(default=None, kw_only=True)
    active: Channel | None = field(default=None, kw_only=True)
    window: SendWindow = field(default=NIGHT, kw_only=True)
    revision: int = field(default=0, kw_only=True)

    def prefilled(self) -> Practice:
        """
        As it enters the books: the register's contact is public, its fax entered (R4).

        Pre-filled is not verified.
        """
        public = self.public if self.public != Contact() else self.master
        fax = self.contacts.fax or self.master.fax
        return evolve(self, public=public, contacts=evolve(self.contacts, fax=fax))

    def with_selected(self, channel: Channel) -> Practice:
        """
        With the selected channel moved; once verified, it is the active one.
        """
        active = self.active
        if channel.is_verified:
            active = channel
        elif active is not None and active.id == channel.id:
            active = None
        return evolve(self, selected=channel, active=active)

    def refused(self, channel_id: str) -> Practice:
        """
        After the far end refused this very version of the address.
        """
        active, selected = self.active, self.selected
        if active is not None and active.id == channel_id:
            active = None
        if selected is not None and selected.id == channel_id and selected.is_verified:
            selected = selected.after(Step.ADDRESS_REFUSED)
        return evolve(self, active=active, selected=selected)


@frozen(kw_only=True)
class ProfileDialog:
    """
    What a person sees and edits before „Änderungen speichern“: all of it, every time.

    A field left out is a field emptied.

    Attributes:
        public: The public contact; None leaves it as it is.
        email: Notification e-mail address, or None.
        fax: Notification fax number, or None.
        selected: The channel, or None for „Keine Benachrichtigung“.
    """

    public: Contact | None = None
    email: EmailAddress | None = field(default=None, converter=_email)
    fax: FaxNumber | None = field(default=None, converter=_fax)
    selected: ChannelKind | None = field(default=None, converter=_kind)

    @classmethod
    def of(cls, practice: Practice) -> ProfileDialog:
        """
        The dialog as it opens.
        """
        return cls(
            public=practice.public,
            email=practice.contacts.email,
            fax=practice.contacts.fax,
            selected=practice.selected.kind if practice.selected else None,
        )


class Effect(Enum):
    """
    What saving a dialog leads to.
    """

    #: „Keine Benachrichtigung“ is selected.
    SILENCED = "silenced"
    #: The selected channel is verified already.
    UNCHANGED = "unchanged"
    #: A code went out minutes ago; it still works.
    CODE_ALREADY_OUT = "code already out"
    #: A code must be sent now.
    CODE_NEEDED = "code needed"
    #: The register vouches for the address; no code is needed.
    VOUCHED_FOR = "vouched for"


def save(
    practice: Practice,
    dialog: ProfileDialog,
    *,
    channel_id: str,
    is_vouched_for: bool,
    now: datetime,
) -> tuple[Practice, Effect]:
    """
    Save the whole dialog at once (R6); issuing the code is the caller's.

    Args:
        practice: As it is.
        dialog: As it shall be.
        channel_id: Id of the channel, should this selection make a new one.
        is_vouched_for: The register guarantees the selected address.
        now: Aware, UTC.

    Raises:
        InvalidProfileError: A channel is selected without an address (R3).
        ChannelLockedError: The selected address has no guesses left.
    """
    contacts = Contact(email=dialog.email, fax=dialog.fax)
    saved = evolve(
        practice,
        public=dialog.public if dialog.public is not None else practice.public,
        contacts=contacts,
        active=_still_active(practice, contacts),
        revision=practice.revision + 1,
    )
    if dialog.selected is None:
        return evolve(saved, selected=None, active=None), Effect.SILENCED
    address = contacts.address(dialog.selected)
    if address is None:
        raise InvalidProfileError(
            f"{dialog.selected.value} cannot be selected: no {dialog.selected.value}"
            " address is entered"
        )
    former = practice.selected
    if former is not None and former.address == address:
        return _selected_again(evolve(saved, selected=former), former, now)
    channel = Channel(channel_id, address=address)
    if is_vouched_for:
        return saved.with_selected(channel.after(Step.VOUCHED_FOR)), Effect.VOUCHED_FOR
    return evolve(saved, selected=channel), Effect.CODE_NEEDED


def _still_active(practice: Practice, contacts: Contact) -> Channel | None:
    """
    Replacing an address is not removing it: an emptied field is (P9).
    """
    active = practice.active
    if active is None or contacts.address(active.kind) is None:
        return None
    return active


def _selected_again(
    saved: Practice, channel: Channel, now: datetime
) -> tuple[Practice, Effect]:
    """
    The same channel with the same address: no new code without need.
    """
    verification = channel.verification
    match verification.state:
        case State.VERIFIED:
            return saved, Effect.UNCHANGED
        case State.PENDING:
            out = verification.challenge
            if out is not None and now < out.issued_at + PATIENCE:
                return saved, Effect.CODE_ALREADY_OUT
            return saved, Effect.CODE_NEEDED
        case State.LOCKED:
            until = verification.locked_until
            if until is not None and now < until:
                raise ChannelLockedError(until)
            free = channel.after(Step.LOCK_ELAPSED)
            return evolve(saved, selected=free), Effect.CODE_NEEDED
        case State.UNVERIFIED:
            return saved, Effect.CODE_NEEDED
