"""
When a practice is told: its place in the night, the next send, the next try.

Rules of this file:

1. Everything is decided from values passed in; asked again at the instant it answered,
   `next_send` answers the same.
2. A night begins, for a practice, at its slot: a stable offset after the opening.  A
   send that is due later in the night goes at once.  So a night is never lost because
   the last send was 23 h 57 min ago: the next one moves by the three minutes.
3. Sends that move a little every night use up the night.  At its end the practice waits
   for the next night's slot, and has all of it again (*re-anchors*).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import Final

from attrs import field, frozen

from .errors import InvalidValueError
from .identifiers import BSNR
from .quota import GAP
from .send_window import MINIMUM, SendWindow, in_utc


#: A send begins at least this long before its night ends: time to be handed over.
SEND_TIME: Final = timedelta(minutes=1)
#: Hand-overs that may fail in one night: a fax may ring in a bedroom.
TRIES_A_NIGHT: Final = 4

#: Pauses after the failures of one night, but for the last, which ends it.
_BACKOFF: Final = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 45))
_NOTHING: Final = timedelta(0)
_A_SECOND: Final = timedelta(seconds=1)


class HeldReason(Enum):
    """
    Why nothing is due; each but the first is on the worklist (R10).
    """

    #: There is no notice to tell, so no digest either (R7).
    NOTHING_PENDING = "nothing pending"
    #: „Keine Benachrichtigung“ is selected; the notices stay visible.
    NO_CHANNEL = "no channel selected"
    #: The selected channel is not verified, and no former one is active (P9).
    NOT_VERIFIED = "channel not verified"
    #: The far end refused the address; it must be verified again.
    ADDRESS_REFUSED = "address refused"
    #: No transport for the channel's kind is open here; another worker may have one.
    NO_TRANSPORT = "no transport for the channel"


@frozen
class Due:
    """
    The next digest may begin at this instant, not before.

    Attributes:
        at: Aware, in UTC; may be past.
    """

    at: datetime = field(converter=in_utc)

    def is_due(self, now: datetime) -> bool:
        """
        Whether the instant has come.
        """
        return self.at <= now


@frozen
class Held:
    """
    No digest becomes due by time alone (zurückgestellt).

    Attributes:
        reason: What would have to change.
    """

    reason: HeldReason


def early_part(window: SendWindow) -> timedelta:
    """
    The part of a window over which slots are spread; after it, three hours are left.

    A quarter of the shortest night, so that lines are evenly loaded and most of the
    night is left for drift.  Zero for a window of three hours.
    """
    return min(window.shortest / 4, window.shortest - MINIMUM)


def slot_of(bsnr: BSNR, window: SendWindow) -> timedelta:
    """
    A practice's place in every night: elapsed time after the opening, whole seconds.

    It depends on nothing but the number and the window, so it is the same on every
    host and in every release, and evenly spread over all practices.

    >>> from eterminservice_core.domain.send_window import NIGHT
    >>> print(slot_of(BSNR("391234511"), NIGHT))
    1:35:16
    """
    seconds = early_part(window) // _A_SECOND
    mark = int.from_bytes(sha256(bsnr.value.encode("ascii")).digest()[:8])
    # Scaled, not taken modulo: a practice keeps its rank when the window changes.
    return _A_SECOND * (mark * seconds >> 64)


def next_send(
    now: datetime,
    *,
    quota_free_at: datetime | None,
    retry_at: datetime | None,
    window: SendWindow,
    slot: timedelta,
) -> Due:
    """
    When the next digest of a practice is due that has something to be told.

    A worker started at nine in the morning, or after an outage of a week, gets an
    instant in the coming night.

    Args:
        now: The present.
        quota_free_at: End of the practice's last reservation, or None.
        retry_at: Before which its address is not tried again after a failure, or None.
        window: When it may be disturbed.
        slot: Its place in the night, of `slot_of`.

    Returns:
        The first instant that is not before any of the three, lies in a night, not
        before its slot and at least `SEND_TIME` before its end.

    Raises:
        InvalidValueError: The slot leaves less than three hours of some night, or an
            instant is naive.
    """
    _check_slot(window, slot)
    limits = (now, quota_free_at, retry_at)
    base = max(in_utc(instant) for instant in limits if instant is not None)
    night = window.span_reaching(base)
    while (at := max(base, night.opens_at + slot)) > night.closes_at - SEND_TIME:
        night = window.span_reaching(night.closes_at)
    return Due(at)


def retry_after(failures: int, now: datetime, window: SendWindow) -> datetime:
    """
    Before which an address is not tried again that has just failed.

    After 5, 15 and 45 minutes; every `TRIES_A_NIGHT` failures not before another night
    opens.  Failures count on over nights, so that no night has more tries than that.

    Args:
        failures: Failures in a row that speak of the recipient, this one included.
        now: When this one was known.
        window: When the practice may be disturbed.

    Returns:
        An instant that may lie outside the window; `next_send` moves it into a night.

    Raises:
        InvalidValueError: Nothing has failed, or `now` is naive.
    """
    if failures < 1:
        raise InvalidValueError("a retry comes after one failure or more")
    now, tries = in_utc(now), failures % TRIES_A_NIGHT
    if tries:
        return now + _BACKOFF[tries - 1]
    night = window.span_reaching(now)
    if night.opens_at > now:  # known only after the night was over
        return night.opens_at
    return window.span_reaching(night.closes_at).opens_at


def longest_wait(
    window: SendWindow,
    slot: timedelta,
    *,
    lease: timedelta,
    lingers: timedelta = _NOTHING,
) -> timedelta:
    """
    How long a notice waits at most until it has been handed over (P5).

    It holds for a notice recorded at any instant, with an active channel, a worker that
    begins what is due at once, and hand-overs that are accepted within `lease`.  A
    worker that may be late by some time, because of a queue, adds it to `lease`.

    The worst case is a notice recorded just after its practice's digest began, at b.

    1. That digest is accepted by ``b + lease``; the quota is free at
       ``F <= b + lease + lingers + 24 h``.
    2. The next begins at the first permitted instant from F on.  Permitted is, in every
       night, ``[opens_at + slot, closes_at - SEND_TIME]``.  So from F to the begin it
       takes no longer than from the end of one such stretch to the next one's begin:
       ``SEND_TIME``, the pause till the next opening, and the slot.  The worst F is the
       first instant after a night's last permitted one: the practice re-anchors.
    3. It is accepted within another `lease`.

    Without an earlier digest step 1 falls away.  All of it is elapsed time: a clock
    change in the pause is counted by `longest_pause`, one in a night changes no step.

    Args:
        window: When the practice may be disturbed.
        slot: Its place in the night.
        lease: Longest time from a begin to its acceptance.
        lingers: How long the next hop may still transmit, as its transport declares.

    Returns:
        ``24 h + lease + lingers + SEND_TIME + longest_pause + slot + lease``.

    Raises:
        InvalidValueError: The slot leaves less than three hours of some night.
    """
    _check_slot(window, slot)
    without_permission = SEND_TIME + window.longest_pause + slot
    return lease + lingers + GAP + without_permission + lease


def nights_before_reanchor(
    window: SendWindow, slot: timedelta, drift: timedelta
) -> int:
    """
    For how many nights in a row a practice is told at least, before it re-anchors (P5).

    Each send begins at most ``24 h + drift`` after the one before, or at the slot if
    that is later.  So the n-th, n counted from 0, is at most ``n * drift`` late against
    days of 24 hours that are counted from some slot of the row.  Of these, the night
    leaves ``steady_length`` from that night's opening, whatever the clocks did between:
    it is in time while ``slot + n * drift <= steady_length - SEND_TIME``.

    In windows longer than 23 hours two digests may fall into one autumn night, and the
    row may end there; what then waits does not wait for more than 25 hours and a drift.

    Args:
        window: When the practice may be disturbed.
        slot: Where in the night the row begins.  A notice that came late in a night is
            told at once, and such a row is shorter.
        drift: How much later each send is than 24 hours after the last: how long a
            hand-over takes, how long the next hop may linger, how late the worker is.

    Returns:
        Nights, the first one included; at least 1.

    Raises:
        InvalidValueError: `drift` is not above zero: such a practice never re-anchors.
    """
    if drift <= _NOTHING:
        raise InvalidValueError("a drift must be longer than zero")
    room = window.steady_length - SEND_TIME - slot
    return 1 + max(0, room // drift)


def _check_slot(window: SendWindow, slot: timedelta) -> None:
    if not _NOTHING <= slot <= window.shortest - MINIMUM:
        problem = (
            "a slot must leave three hours of every night, as that of slot_of does"
        )
        raise InvalidValueError(problem)
