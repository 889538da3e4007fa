"""
A code is guessed at: five guesses, one answer for all, and no way around either (P6).

Long because every way around is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import define, evolve

from eterminservice_core import (
    BSNR,
    ChannelKind,
    ChannelLockedError,
    CodeRejectedError,
    Contact,
    EmailAddress,
    FaxNumber,
    InvalidCodeError,
    Keys,
    NotificationService,
    Practice,
    ProfileDialog,
    Receipt,
    State,
    StoreUnavailableError,
    TooManyCodesError,
    Transaction,
)
from eterminservice_core.storage import MemoryStore
from eterminservice_core.testing.clock import FakeClock
from eterminservice_transports import RecordingTransport


TOPP, MORE = BSNR("391234511"), BSNR("241234601")
EMAIL = EmailAddress("anmeldung@praxis.example")
FAX = FaxNumber("030 23125 001", allow_media=True)
BY_EMAIL = ProfileDialog(email=EMAIL, selected=ChannelKind.EMAIL)
BY_FAX = ProfileDialog(fax=FAX, selected=ChannelKind.FAX)
DAY = timedelta(hours=24)
MINUTE = timedelta(minutes=1)
INSTANT = timedelta(microseconds=1)
PATIENCE = timedelta(minutes=10)


@pytest.fixture(autouse=True)
def registered(service: NotificationService) -> None:
    """
    Two practices, of which the first has its fax number in the register.
    """
    service.register(Practice(TOPP, name="Praxis Topp", master=Contact(fax=FAX)))
    service.register(Practice(MORE, name="Praxis More"))


def wrong(code: str) -> str:
    """
    Another code than this one, by its first letter.
    """
    return ("C" if code[0] == "B" else "B") + code[1:]


def guess(service: NotificationService, typed: str, bsnr: BSNR = TOPP) -> int:
    """
    Type a code that is rejected; how many guesses are left.
    """
    with pytest.raises(CodeRejectedError) as caught:
        service.confirm(bsnr, typed)
    return caught.value.guesses_left


def lock(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> datetime:
    """
    Spend all five guesses at the same instant; when they come back.
    """
    for _ in range(5):
        guess(service, wrong(outbox.last_code()))
    return clock() + DAY


# Five guesses


def test_each_wrong_code_uses_up_one_guess(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    service.save_profile(TOPP, BY_EMAIL)
    code = outbox.last_code()

    assert [guess(service, wrong(code)) for _ in range(4)] == [4, 3, 2, 1]
    assert service.profile(TOPP).state is State.PENDING
    assert service.profile(TOPP).locked_until is None


def test_the_fifth_guess_may_be_the_right_one(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    service.save_profile(TOPP, BY_EMAIL)
    for _ in range(4):
        guess(service, wrong(outbox.last_code()))

    assert service.confirm(TOPP, outbox.last_code()).state is State.VERIFIED


def test_the_fifth_wrong_guess_locks_the_address(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    """
    The lock ends a day after the first guess, not the last.
    """
    service.save_profile(TOPP, BY_EMAIL)
    until = clock() + DAY
    for left in (4, 3, 2, 1, 0):
        assert left == guess(service, wrong(outbox.last_code()))
        clock.advance(MINUTE)
    profile = service.profile(TOPP)

    assert profile.state is State.LOCKED
    assert until == profile.locked_until


def test_the_sixth_guess_is_not_even_compared(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    service.save_profile(TOPP, BY_EMAIL)
    until = lock(service, outbox, clock)
    with pytest.raises(ChannelLockedError) as caught:
        service.confirm(TOPP, outbox.last_code())

    assert until == caught.value.until
    assert service.profile(TOPP).state is State.LOCKED


def test_a_locked_address_gets_no_code_until_its_lock_ends(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    service.save_profile(TOPP, BY_EMAIL)
    before, until = service.profile(TOPP), lock(service, outbox, clock)
    clock.advance(DAY - INSTANT)
    with pytest.raises(ChannelLockedError) as caught:
        service.save_profile(TOPP, BY_EMAIL)

    assert until == caught.value.until
    assert len(outbox.messages) == 1
    assert before.dialog == service.profile(TOPP).dialog

    clock.advance(INSTANT)
    service.save_profile(TOPP, BY_EMAIL)

    assert len(outbox.messages) == 2
    assert guess(service, wrong(outbox.last_code())) == 4
    assert service.confirm(TOPP, outbox.last_code()).state is State.VERIFIED


def test_a_new_code_buys_no_new_guesses(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    service.save_profile(TOPP, BY_EMAIL)
    guess(service, wrong(outbox.last_code()))
    guess(service, wrong(outbox.last_code()))
    clock.advance(PATIENCE)
    service.save_profile(TOPP, BY_EMAIL)

    assert guess(service, wrong(outbox.last_code())) == 2


def test_going_to_another_address_and_back_buys_no_new_guesses(
    service: NotificationService,
    outbox: RecordingTransport,
    fax_outbox: RecordingTransport,
) -> None:
    both = evolve(BY_EMAIL, fax=FAX)
    service.save_profile(TOPP, both)
    for _ in range(5):
        guess(service, wrong(outbox.last_code()))
    service.save_profile(TOPP, evolve(both, selected=ChannelKind.FAX))

    assert guess(service, wrong(fax_outbox.last_code())) == 4
    with pytest.raises(ChannelLockedError):
        service.save_profile(TOPP, both)
    with pytest.raises(ChannelLockedError):
        service.save_profile(TOPP, evolve(both, email="anmeldung@PRAXIS.example"))
    assert len(outbox.messages) == 1


def test_a_right_code_gives_all_guesses_back(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    service.save_profile(TOPP, BY_EMAIL)
    guess(service, wrong(outbox.last_code()))
    service.confirm(TOPP, outbox.last_code())

    assert guess(service, outbox.last_code()) == 4


def test_one_practices_guesses_do_not_count_for_another(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    """
    Otherwise whoever enters a stranger's address could lock the stranger out.
    """
    service.save_profile(MORE, BY_EMAIL)
    for _ in range(5):
        guess(service, wrong(outbox.last_code()), MORE)
    service.save_profile(TOPP, BY_EMAIL)

    assert guess(service, wrong(outbox.last_code())) == 4


def test_what_does_not_look_like_a_code_costs_no_guess(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    service.save_profile(TOPP, BY_EMAIL)
    for typed in ("", "1234", "XN6P-F4HP-Z5KX", "BCDF-GHJ", "BCDF-GHJA"):
        with pytest.raises(InvalidCodeError):
            service.confirm(TOPP, typed)

    assert guess(service, wrong(outbox.last_code())) == 4


# One answer for wrong, expired, used and never issued


def test_wrong_expired_used_and_never_issued_get_the_same_answer(
    make_service: Callable[..., NotificationService],
    outbox: RecordingTransport,
    clock: FakeClock,
) -> None:
    """
    Type, attributes and text: nothing tells one from the others.
    """
    answers = []

    def note(bsnr: BSNR, typed: str) -> None:
        with pytest.raises(CodeRejectedError) as caught:
            make_service().confirm(bsnr, typed)
        assert caught.value.__cause__ is None
        answers.append((type(caught.value), vars(caught.value), str(caught.value)))

    service = make_service()
    note(MORE, "BCDF-GHJK")  # never issued, and no channel is selected
    service.save_profile(TOPP, BY_EMAIL)
    note(TOPP, wrong(outbox.last_code()))  # wrong
    service.confirm(TOPP, outbox.last_code())
    note(TOPP, outbox.last_code())  # used
    service.save_profile(TOPP, evolve(BY_EMAIL, email="b@praxis.example"))
    clock.advance(DAY)
    note(TOPP, outbox.last_code())  # expired

    assert [answers[0]] * 4 == answers


def test_guesses_at_nothing_are_counted_too(service: NotificationService) -> None:
    assert [guess(service, "BCDF-GHJK") for _ in range(5)] == [4, 3, 2, 1, 0]
    with pytest.raises(ChannelLockedError):
        service.confirm(TOPP, "BCDF-GHJK")


def test_a_code_works_for_24_hours(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    service.save_profile(TOPP, BY_EMAIL)
    clock.advance(DAY - INSTANT)

    assert service.confirm(TOPP, outbox.last_code()).state is State.VERIFIED


def test_at_exactly_24_hours_it_works_no_longer(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    service.save_profile(TOPP, BY_EMAIL)
    clock.advance(DAY)

    assert guess(service, outbox.last_code()) == 4
    assert service.profile(TOPP).state is State.UNVERIFIED


def test_a_code_works_once(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    service.save_profile(TOPP, BY_EMAIL)
    service.confirm(TOPP, outbox.last_code())
    guess(service, outbox.last_code())

    assert service.profile(TOPP).state is State.VERIFIED


def test_a_new_code_kills_the_old_one(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    service.save_profile(TOPP, BY_EMAIL)
    old = outbox.last_code()
    clock.advance(PATIENCE)
    service.save_profile(TOPP, BY_EMAIL)
    guess(service, old)

    assert service.confirm(TOPP, outbox.last_code()).state is State.VERIFIED


def test_the_code_of_one_practice_proves_nothing_for_another(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    """
    Also where both have the same machine.
    """
    service.save_profile(TOPP, BY_EMAIL)
    code = outbox.last_code()
    service.save_profile(MORE, BY_EMAIL)
    guess(service, code, MORE)

    assert service.profile(MORE).state is State.PENDING
    assert service.confirm(TOPP, code).state is State.VERIFIED


def test_going_back_to_an_address_does_not_revive_its_code(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    """
    A code dies with its channel: another selection is another channel.
    """
    service.save_profile(TOPP, BY_EMAIL)
    old = outbox.last_code()
    service.save_profile(TOPP, ProfileDialog(email=EMAIL))
    service.save_profile(TOPP, BY_EMAIL)
    guess(service, old)

    assert service.profile(TOPP).state is State.PENDING


# Keys


def restarted(
    make_service: Callable[..., NotificationService],
    store: MemoryStore,
    *codes: bytes,
) -> NotificationService:
    """
    A service over what the store holds, with other keys for codes.
    """
    again = MemoryStore(evolve(store.keys, codes=codes), clock=store._clock)
    again._state = store._state
    return make_service(store=again)


def test_a_code_outlives_the_rotation_of_keys(
    make_service: Callable[..., NotificationService],
    store: MemoryStore,
    outbox: RecordingTransport,
) -> None:
    make_service().save_profile(TOPP, BY_EMAIL)
    service = restarted(make_service, store, b"n" * 32, *store.keys.codes)

    assert service.confirm(TOPP, outbox.last_code()).state is State.VERIFIED


def test_a_code_dies_with_its_key(
    make_service: Callable[..., NotificationService],
    store: MemoryStore,
    outbox: RecordingTransport,
) -> None:
    make_service().save_profile(TOPP, BY_EMAIL)

    guess(restarted(make_service, store, b"n" * 32), outbox.last_code())


# Counted before it is compared


@define
class BrittleStore:
    """
    A store that fails in one of its next transactions, at the end, where all is undone.
    """

    inner: MemoryStore
    fails_in: int = 0

    @property
    def keys(self) -> Keys:
        return self.inner.keys

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self.inner.transaction() as tx:
            yield tx
            self.fails_in -= 1
            if self.fails_in == 0:
                raise StoreUnavailableError("the power is gone")


def test_a_guess_stays_counted_if_comparing_it_is_rolled_back(
    make_service: Callable[..., NotificationService],
    store: MemoryStore,
    outbox: RecordingTransport,
) -> None:
    """
    Otherwise a crash, or a right code held back, would give the guess back.
    """
    brittle = BrittleStore(store)
    service = make_service(store=brittle)
    service.save_profile(TOPP, BY_EMAIL)
    for typed in (wrong(outbox.last_code()), outbox.last_code()):
        brittle.fails_in = 2
        with pytest.raises(StoreUnavailableError):
            service.confirm(TOPP, typed)

    assert service.profile(TOPP).state is State.PENDING
    assert guess(service, wrong(outbox.last_code())) == 2


def test_a_guess_that_could_not_be_counted_is_not_compared(
    make_service: Callable[..., NotificationService],
    store: MemoryStore,
    outbox: RecordingTransport,
) -> None:
    brittle = BrittleStore(store)
    service = make_service(store=brittle)
    service.save_profile(TOPP, BY_EMAIL)
    brittle.fails_in = 1
    with pytest.raises(StoreUnavailableError):
        service.confirm(TOPP, outbox.last_code())

    assert service.profile(TOPP).state is State.PENDING
    assert guess(service, wrong(outbox.last_code())) == 4


# How many codes can be had


def ask(service: NotificationService, bsnr: BSNR, dialog: ProfileDialog) -> None:
    """
    Save the dialog so that a code goes out, however short ago the last one did.
    """
    service.save_profile(bsnr, ProfileDialog())
    service.save_profile(bsnr, dialog)


def refused(
    service: NotificationService, bsnr: BSNR, dialog: ProfileDialog
) -> datetime:
    """
    Ask for a code too many; from when another can be had.
    """
    with pytest.raises(TooManyCodesError) as caught:
        ask(service, bsnr, dialog)
    return caught.value.retry_at


def test_an_address_is_sent_five_codes_a_day(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    """
    The day begins with the first of them.
    """
    first = clock()
    for _ in range(5):
        ask(service, TOPP, BY_EMAIL)
        clock.advance(MINUTE)

    assert first + DAY == refused(service, TOPP, BY_EMAIL)
    assert len(outbox.messages) == 5

    clock.advance(first + DAY - clock() - INSTANT)
    refused(service, TOPP, BY_EMAIL)
    clock.advance(INSTANT)
    ask(service, TOPP, BY_EMAIL)

    assert len(outbox.messages) == 6


def test_whoever_asks_an_address_is_sent_five_codes_a_day(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    """
    Nobody can bomb a stranger's letter box, not even with two practices.
    """
    for bsnr in (TOPP, MORE, TOPP, MORE, TOPP):
        ask(service, bsnr, BY_EMAIL)
    refused(service, MORE, BY_EMAIL)
    refused(service, TOPP, BY_EMAIL)

    assert len(outbox.messages) == 5


@pytest.mark.parametrize(
    "spelling", ["Anmeldung@praxis.example", "ANMELDUNG@PRAXIS.EXAMPLE"]
)
def test_another_spelling_of_an_address_gets_no_codes_of_its_own(
    service: NotificationService, outbox: RecordingTransport, spelling: str
) -> None:
    for _ in range(5):
        ask(service, TOPP, BY_EMAIL)
    refused(service, TOPP, evolve(BY_EMAIL, email=spelling))

    assert len(outbox.messages) == 5


def test_a_practice_asks_for_ten_codes_a_day(
    service: NotificationService, outbox: RecordingTransport, clock: FakeClock
) -> None:
    """
    Wherever they go; and what is refused is not saved.
    """
    dialogs = [
        ProfileDialog(email=f"anmeldung{number}@praxis.example", selected="email")
        for number in range(11)
    ]
    for dialog in dialogs[:10]:
        service.save_profile(TOPP, dialog)
    before = service.profile(TOPP)
    with pytest.raises(TooManyCodesError) as caught:
        service.save_profile(TOPP, dialogs[10])

    assert clock() + DAY == caught.value.retry_at
    assert before == service.profile(TOPP)
    assert len(outbox.messages) == 10

    service.save_profile(MORE, dialogs[10])

    assert len(outbox.messages) == 11


def test_a_refused_code_counts_for_nobody(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    """
    The practice's own count is taken back when the address's is full.
    """
    for _ in range(5):
        ask(service, TOPP, BY_EMAIL)
    for _ in range(9):
        refused(service, TOPP, BY_EMAIL)
    for number in range(5):
        ask(service, TOPP, evolve(BY_EMAIL, email=f"b{number}@praxis.example"))

    assert len(outbox.messages) == 10


def test_a_stranger_cannot_use_up_the_codes_of_the_number_in_the_register(
    service: NotificationService, fax_outbox: RecordingTransport
) -> None:
    for _ in range(5):
        ask(service, MORE, BY_FAX)
    refused(service, MORE, BY_FAX)
    for _ in range(5):
        ask(service, TOPP, BY_FAX)

    assert len(fax_outbox.messages) == 10
    assert service.confirm(TOPP, fax_outbox.last_code()).state is State.VERIFIED

    refused(service, TOPP, BY_FAX)


def test_nor_can_the_practice_use_up_its_own_share_and_the_strangers(
    service: NotificationService, fax_outbox: RecordingTransport
) -> None:
    for _ in range(5):
        ask(service, TOPP, BY_FAX)
    refused(service, TOPP, BY_FAX)
    ask(service, MORE, BY_FAX)

    assert len(fax_outbox.messages) == 6


def test_codes_that_nobody_could_send_are_counted_all_the_same(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    """
    A fax machine rings also where no page is printed.
    """
    outbox.answer_with(*[Receipt.rejected()] * 5)
    for _ in range(5):
        service.save_profile(TOPP, BY_EMAIL)
    with pytest.raises(TooManyCodesError):
        service.save_profile(TOPP, BY_EMAIL)


def test_erasing_a_practice_does_not_empty_the_count(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    for _ in range(5):
        ask(service, TOPP, BY_EMAIL)
    service.erase(TOPP)
    service.register(Practice(TOPP, name="Praxis Topp"))
    refused(service, TOPP, BY_EMAIL)

    assert len(outbox.messages) == 5


# Nothing personal in any refusal


def test_no_refusal_shows_an_address_or_a_code(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    errors: list[Any] = []
    service.save_profile(TOPP, BY_EMAIL)
    code = outbox.last_code()
    for typed in [wrong(code)] * 6:
        with pytest.raises((CodeRejectedError, ChannelLockedError)) as caught:
            service.confirm(TOPP, typed)
        errors.append(caught.value)
    for _ in range(5):
        ask(service, MORE, evolve(BY_EMAIL, email="b@praxis.example"))
    with pytest.raises(TooManyCodesError) as too_many:
        ask(service, MORE, evolve(BY_EMAIL, email="b@praxis.example"))
    shown = " ".join(f"{error} {error!r} {vars(error)}" for error in errors)
    shown += f"{too_many.value} {too_many.value!r} {vars(too_many.value)}"

    for secret in ("praxis", "anmeldung", code, code.replace("-", ""), wrong(code)):
        assert secret not in shown
    assert datetime(2026, 3, 3, 11, 0, tzinfo=UTC).isoformat(timespec="minutes") in (
        shown
    )
