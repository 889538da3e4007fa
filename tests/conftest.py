"""
What several tests share: a clock that stands still, a store, a service, the outboxes.

Hypothesis profiles, chosen by the environment variable ``HYPOTHESIS_PROFILE``:

- ``fast``, the default: 50 examples, the same ones on every run, so that whoever tries
  the project sees what was seen here;
- ``ci``: 1,000 examples, others on every run;
- ``long``: 20,000, by hand.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import settings

from eterminservice_core import ChannelKind, Keys, NotificationService
from eterminservice_core.storage import MemoryStore
from eterminservice_core.testing.clock import FakeClock
from eterminservice_transports import RecordingTransport


# No deadline: two cores are shared by many, and a slow example is no wrong one.
settings.register_profile("fast", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("ci", max_examples=1_000, deadline=None, print_blob=True)
settings.register_profile("long", max_examples=20_000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

KEYS = Keys(pseudonyms=b"p" * 32, codes=(b"c" * 32,))


@pytest.fixture
def clock() -> FakeClock:
    """
    Monday noon in Berlin: at this hour no practice is sent anything, but codes are.
    """
    return FakeClock(datetime(2026, 3, 2, 11, 0, tzinfo=UTC))


@pytest.fixture
def store(clock: FakeClock) -> MemoryStore:
    """
    A store in memory, on the clock above.
    """
    return MemoryStore(KEYS, clock=clock)


@pytest.fixture
def outbox() -> RecordingTransport:
    """
    Keeps what goes out by e-mail.
    """
    return RecordingTransport()


@pytest.fixture
def fax_outbox() -> RecordingTransport:
    """
    Keeps what goes out by fax.
    """
    return RecordingTransport(ChannelKind.FAX)


@pytest.fixture
def make_service(
    clock: FakeClock,
    store: MemoryStore,
    outbox: RecordingTransport,
    fax_outbox: RecordingTransport,
) -> Callable[..., NotificationService]:
    """
    Make services over one store: with both outboxes, but for what a test says.
    """

    def make(**options: Any) -> NotificationService:
        given = {
            "store": store,
            "transports": [outbox, fax_outbox],
            "elapsed": clock.elapsed,
            **options,
        }
        return NotificationService(**given)

    return make


@pytest.fixture
def service(make_service: Callable[..., NotificationService]) -> NotificationService:
    """
    A service that sends e-mail and fax into the outboxes.
    """
    return make_service()
