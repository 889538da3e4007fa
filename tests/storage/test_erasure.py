"""
What was erased is not in the file any more, not even as bytes nobody reads (P7).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from attrs import evolve

from eterminservice_core import (
    BSNR,
    Appointment,
    Booking,
    Channel,
    Contact,
    DeliveryReport,
    EmailAddress,
    Patient,
    Practice,
    Receipt,
    Verdict,
)
from eterminservice_core.storage.sql import SqlStore, SqlTransaction
from eterminservice_core.testing.clock import FakeClock
from eterminservice_core.testing.stores.samples import an_attempt, reserved


ERASED = BSNR("391234511")
OTHERS = [BSNR(f"72{number:07}") for number in range(60)]
SECRET = "wiedererkennbar"
#: An attempt's id is random, and stays with what it reserved.
ATTEMPT = "9f2c4e"


def _fill(tx: SqlTransaction, bsnr: BSNR, word: str, clock: FakeClock) -> None:
    address = EmailAddress(f"{word}@praxis.example")
    channel = Channel(f"channel-{word}", address=address)
    tx.add_practice(
        Practice(
            bsnr,
            name=f"Praxis {word}",
            public=Contact(phone=f"Telefon {word}"),
            contacts=Contact(email=address),
            selected=channel,
            active=channel,
        )
    )
    for number in range(40):
        slot = Appointment(
            f"{word}-{number}",
            starts_at=clock() + timedelta(days=7, hours=number),
            doctor=f"Dr. {word}",
            specialty="Psychotherapie " * (number + 1),
            patient=Patient(name=f"Patient {word}"),
        )
        tx.add_notice(Booking(bsnr, slot, version=1))
    attempt = an_attempt(
        ATTEMPT if bsnr == ERASED else str(bsnr), bsnr=bsnr, begun_at=clock()
    )
    attempt = evolve(attempt, channel_id=channel.id)
    waiting = [it.sequence for it in tx.waiting(bsnr)]
    assert tx.begin(attempt, reserved(attempt), waiting[:20])
    tx.add_report(DeliveryReport(attempt.id, verdict=Verdict.DELIVERED))
    tx.mark_told(attempt.id)
    tx.schedule(bsnr, clock(), None)


def _bytes(store: SqlStore, path: Path, *first: str) -> bytes:
    """
    All that lies on the disk, once the log has been worked into the file.
    """
    with store.engine.connect() as connection:
        driver = connection.connection.cursor()
        for statement in (*first, "PRAGMA wal_checkpoint(TRUNCATE)"):
            driver.execute(statement)
        driver.close()
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def erase(tx: SqlTransaction) -> None:
    tx.erase(ERASED)


def forget_and_silence(tx: SqlTransaction) -> None:
    """
    Notices and attempts are over, and the practice takes its address away.
    """
    tx.settle(ATTEMPT, None, Receipt.accepted(), now=tx.now(), reservation=None)
    tx.save_practice(Practice(ERASED, name="Praxis"))
    tx.forget(tx.now() + timedelta(days=300))


@pytest.mark.parametrize(
    "forget", [erase, forget_and_silence], ids=["erased", "forgotten"]
)
def test_what_was_erased_is_in_no_byte_of_the_files(
    store: SqlStore,
    path: Path,
    clock: FakeClock,
    forget: Callable[[SqlTransaction], None],
) -> None:
    with store.transaction() as tx:
        _fill(tx, ERASED, SECRET, clock)
        for number, bsnr in enumerate(OTHERS):
            _fill(tx, bsnr, f"bleibt-{number}", clock)
    before = _bytes(store, path)
    assert SECRET.encode() in before
    assert b"Patient wiedererkennbar" not in before

    with store.transaction() as tx:
        forget(tx)

    after = _bytes(store, path)
    assert SECRET.encode() not in after
    assert b"bleibt-1@praxis.example" in after


def test_what_a_practice_is_called_in_what_outlives_it_cannot_be_read(
    store: SqlStore, path: Path, clock: FakeClock
) -> None:
    with store.transaction() as tx:
        _fill(tx, ERASED, SECRET, clock)
        tx.erase(ERASED)

    assert str(ERASED).encode() not in _bytes(store, path)


def test_a_file_rewritten_after_much_moving_about_keeps_nothing(
    store: SqlStore, path: Path, clock: FakeClock
) -> None:
    """
    Rows that SQLite moved to make room may leave a copy behind, until VACUUM.
    """
    random = Random(3)  # noqa: S311 — whoever runs this sees what was seen here
    practices = [ERASED, *OTHERS]
    words = {bsnr: SECRET if bsnr == ERASED else "bleibt" for bsnr in practices}
    with store.transaction() as tx:
        for bsnr in practices:
            tx.add_practice(Practice(bsnr, name=f"Praxis {words[bsnr]}"))
        for number in range(1500):
            bsnr = random.choice(practices)
            slot = Appointment(
                f"{words[bsnr]}-{random.random()}-{number}",
                starts_at=clock() + timedelta(days=7),
                doctor=f"Dr. {words[bsnr]}",
                specialty="x" * random.randrange(400),
            )
            tx.add_notice(Booking(bsnr, slot, version=1))
    with store.transaction() as tx:
        tx.erase(ERASED)

    assert SECRET.encode() not in _bytes(store, path, "VACUUM")
