"""
What the promises are tried on: two practices, their channels, notices and attempts.

The BSNRs are KBV's own test identities; the addresses lead nowhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from ...domain.address import ChannelKind, EmailAddress, FaxNumber
from ...domain.appointment import Appointment, Booking
from ...domain.channel import Channel
from ...domain.identifiers import BSNR
from ...domain.message import ContentProfile
from ...domain.practice import Practice
from ...domain.quota import Reservation, reserve
from ...domain.verification import State, Verification
from ...facts import Attempt
from ...store import Store
from ..clock import FakeClock


ONE, OTHER = BSNR("241234601"), BSNR("391234511")
#: An evening in Berlin.
START = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)
A_MICROSECOND = timedelta(microseconds=1)
A_DAY = timedelta(hours=24)
#: How long a hand-over of these samples may take.
LEASE = timedelta(minutes=5)

BY_EMAIL = Channel(
    "channel-email",
    address=EmailAddress("anmeldung@praxis.example"),
    verification=Verification(state=State.VERIFIED),
)
BY_FAX = Channel(
    "channel-fax",
    address=FaxNumber("030 23125 001", allow_media=True),
    verification=Verification(state=State.VERIFIED),
)


class StorePromises(ABC):
    """
    A part of the contract: an empty store for each test, on a clock that stands still.
    """

    @abstractmethod
    def open_store(self, clock: Callable[[], datetime]) -> Store:
        """
        A new, empty store whose clock is this one.
        """

    @pytest.fixture
    def clock(self) -> FakeClock:
        """
        The store's clock.
        """
        return FakeClock(START)

    @pytest.fixture
    def store(self, clock: FakeClock) -> Store:
        """
        The store, with both practices registered and their e-mail verified.
        """
        store = self.open_store(clock)
        with store.transaction() as tx:
            tx.add_practice(a_practice(ONE))
            tx.add_practice(a_practice(OTHER))
        return store


def a_practice(bsnr: BSNR, channel: Channel | None = BY_EMAIL) -> Practice:
    """
    A practice whose one channel is selected, verified and active.
    """
    return Practice(bsnr, name="Praxis Topp", selected=channel, active=channel)


def a_booking(
    appointment_id: str = "a-1",
    *,
    bsnr: BSNR = ONE,
    version: int = 1,
    starts_at: datetime = START + timedelta(days=7),
    ends_at: datetime | None = None,
) -> Booking:
    """
    A booking for the next week.
    """
    slot = Appointment(appointment_id, starts_at=starts_at, ends_at=ends_at)
    return Booking(bsnr, slot, version=version)


def an_attempt(
    attempt_id: str = "attempt-1",
    *,
    bsnr: BSNR = ONE,
    begun_at: datetime = START,
    worker: str = "worker-1",
) -> Attempt:
    """
    An attempt by e-mail that may take `LEASE`.
    """
    return Attempt(
        id=attempt_id,
        bsnr=bsnr,
        channel_id=BY_EMAIL.id,
        kind=ChannelKind.EMAIL,
        transport="pigeon",
        worker=worker,
        message_id=f"<{attempt_id}@kv.example>",
        profile=ContentProfile.MINIMAL,
        begun_at=begun_at,
        deadline=begun_at + LEASE,
        lingers=timedelta(0),
    )


def reserved(attempt: Attempt) -> Reservation:
    """
    What an attempt reserves while it is begun.
    """
    return reserve(attempt.begun_at, attempt.deadline, attempt.lingers)


def begin(
    store: Store, attempt: Attempt | None = None, sequences: tuple[int, ...] = ()
) -> bool:
    """
    Begin an attempt in a transaction of its own.
    """
    attempt = attempt or an_attempt()
    with store.transaction() as tx:
        return tx.begin(attempt, reserved(attempt), sequences)


def record(store: Store, *notices: Booking) -> None:
    """
    Record notices in a transaction of their own.
    """
    with store.transaction() as tx:
        for notice in notices:
            tx.add_notice(notice)


def due(store: Store, bsnr: BSNR, at: datetime, channel: Channel = BY_EMAIL) -> None:
    """
    Make a practice due through a channel.
    """
    with store.transaction() as tx:
        practice = tx.practice(bsnr)
        tx.save_practice(evolve(practice, selected=channel, active=channel))
        tx.schedule(bsnr, at, None)
