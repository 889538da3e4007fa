"""
Two people edit one profile at once: nobody proves an address that was not theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from attrs import define, evolve, field

from eterminservice_core import (
    BSNR,
    ChannelKind,
    CodeRejectedError,
    ConflictError,
    Deadline,
    EmailAddress,
    FaxNumber,
    Keys,
    Message,
    NotificationService,
    Practice,
    ProfileDialog,
    Reason,
    Receipt,
    State,
    Transaction,
)
from eterminservice_core.storage import MemoryStore
from eterminservice_core.transport import TransportSpec
from eterminservice_transports import RecordingTransport


TOPP = BSNR("391234511")
ANNA = ProfileDialog(
    email=EmailAddress("anna@praxis.example"), selected=ChannelKind.EMAIL
)
BERT = ProfileDialog(
    email=EmailAddress("bert@praxis.example"), selected=ChannelKind.EMAIL
)
FAX = FaxNumber("030 23125 001", allow_media=True)


@pytest.fixture(autouse=True)
def registered(service: NotificationService) -> None:
    """
    The practice of both.
    """
    service.register(Practice(TOPP, name="Praxis Topp"))


def test_whoever_saves_second_is_told_that_somebody_else_was_faster(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    """
    Nothing of the second dialog is saved, and no code goes out for it.
    """
    opened = service.profile(TOPP)
    first = service.save_profile(TOPP, ANNA, revision=opened.revision)
    with pytest.raises(ConflictError, match="open it again") as caught:
        service.save_profile(TOPP, BERT, revision=opened.revision)

    assert "praxis" not in str(caught.value)
    assert first.profile == service.profile(TOPP)
    assert len(outbox.messages) == 1

    service.save_profile(TOPP, BERT, revision=first.profile.revision)

    assert service.profile(TOPP).dialog.email == BERT.email


def test_silence_counts_as_somebody_elses_change_too(
    service: NotificationService,
) -> None:
    opened = service.profile(TOPP)
    service.save_profile(TOPP, ProfileDialog(), revision=opened.revision)

    with pytest.raises(ConflictError):
        service.save_profile(TOPP, ANNA, revision=opened.revision)


def test_so_does_a_code_typed_in_meanwhile(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    opened = service.save_profile(TOPP, ANNA).profile
    service.confirm(TOPP, outbox.last_code())

    with pytest.raises(ConflictError):
        service.save_profile(TOPP, BERT, revision=opened.revision)


def test_who_gives_no_revision_has_the_last_word(
    service: NotificationService,
) -> None:
    service.save_profile(TOPP, ANNA)
    service.save_profile(TOPP, BERT)

    assert service.profile(TOPP).dialog.email == BERT.email


def test_the_code_for_annas_address_does_not_prove_berts(
    service: NotificationService, outbox: RecordingTransport
) -> None:
    """
    Anna's code is dead from the instant Bert saved.
    """
    service.save_profile(TOPP, ANNA)
    for_anna = outbox.last_code()
    service.save_profile(TOPP, BERT)
    with pytest.raises(CodeRejectedError):
        service.confirm(TOPP, for_anna)

    assert service.profile(TOPP).state is State.PENDING

    proven = service.confirm(TOPP, outbox.last_code())

    assert proven.active_address == "b…t@p….example"


def test_nor_does_the_code_for_the_fax_prove_the_email(
    service: NotificationService,
    outbox: RecordingTransport,
    fax_outbox: RecordingTransport,
) -> None:
    both = evolve(ANNA, fax=FAX)
    service.save_profile(TOPP, evolve(both, selected=ChannelKind.FAX))
    service.save_profile(TOPP, both)
    with pytest.raises(CodeRejectedError):
        service.confirm(TOPP, fax_outbox.last_code())

    assert service.confirm(TOPP, outbox.last_code()).state is State.VERIFIED


# In the middle of each other


@define
class BusyStore:
    """
    A store in which somebody else gets in between two transactions.
    """

    inner: MemoryStore
    between: list[Callable[[], object]] = field(factory=list)

    @property
    def keys(self) -> Keys:
        return self.inner.keys

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self.inner.transaction() as tx:
            yield tx
        if self.between:
            self.between.pop(0)()


def test_a_guess_counted_for_one_address_is_not_compared_with_another(
    make_service: Callable[..., NotificationService],
    store: MemoryStore,
    service: NotificationService,
    outbox: RecordingTransport,
) -> None:
    """
    Bert saves between counting and comparing; even Bert's own code is refused then.
    """
    busy = BusyStore(store)
    anna = make_service(store=busy, choose=lambda letters: letters[0])
    bert = make_service(choose=lambda letters: letters[0])
    anna.save_profile(TOPP, ANNA)
    busy.between.append(lambda: bert.save_profile(TOPP, BERT))
    with pytest.raises(CodeRejectedError):
        anna.confirm(TOPP, outbox.last_code())

    assert service.profile(TOPP).state is State.PENDING
    assert bert.confirm(TOPP, outbox.last_code()).state is State.VERIFIED


def test_a_channel_deselected_in_between_is_not_proven(
    make_service: Callable[..., NotificationService],
    store: MemoryStore,
    service: NotificationService,
    outbox: RecordingTransport,
) -> None:
    busy = BusyStore(store)
    anna = make_service(store=busy)
    anna.save_profile(TOPP, ANNA)
    busy.between.append(lambda: service.save_profile(TOPP, ProfileDialog()))
    with pytest.raises(CodeRejectedError):
        anna.confirm(TOPP, outbox.last_code())

    assert service.profile(TOPP).active_address == ""


def test_a_channel_selected_in_between_is_not_proven_by_a_guess_at_nothing(
    make_service: Callable[..., NotificationService],
    store: MemoryStore,
    service: NotificationService,
) -> None:
    busy = BusyStore(store, [lambda: service.save_profile(TOPP, ANNA)])
    with pytest.raises(CodeRejectedError):
        make_service(store=busy).confirm(TOPP, "BCDF-GHJK")

    assert service.profile(TOPP).state is State.PENDING


@define
class SlowTransport:
    """
    Hands over in its own good time: somebody does something before it answers.
    """

    inner: RecordingTransport
    answer: Receipt
    meanwhile: Callable[[], object]

    @property
    def spec(self) -> TransportSpec:  # type: ignore[type-arg]  # no settings at all
        return self.inner.spec

    def deliver(self, message: Message, deadline: Deadline) -> Receipt:
        self.inner.deliver(message, deadline)
        self.meanwhile()
        return self.answer


@pytest.mark.parametrize(
    "answer", [Receipt.failed(Reason.TRY_LATER), Receipt.rejected()]
)
def test_a_code_that_failed_late_does_not_withdraw_the_next_one(
    make_service: Callable[..., NotificationService],
    service: NotificationService,
    outbox: RecordingTransport,
    answer: Receipt,
) -> None:
    """
    Bert saved while Anna's code was still on the line.
    """
    slow = SlowTransport(outbox, answer, lambda: service.save_profile(TOPP, BERT))
    saved = make_service(transports=[slow]).save_profile(TOPP, ANNA)

    assert saved.profile.selected_address == "b…t@p….example"
    assert saved.profile == service.profile(TOPP)
    assert service.profile(TOPP).state is State.PENDING
    assert not service.profile(TOPP).was_refused
    assert service.confirm(TOPP, outbox.last_code()).state is State.VERIFIED


@pytest.mark.parametrize(
    "answer", [Receipt.failed(Reason.TRY_LATER), Receipt.rejected()]
)
def test_a_code_typed_in_before_the_answer_came_stands(
    make_service: Callable[..., NotificationService],
    service: NotificationService,
    outbox: RecordingTransport,
    answer: Receipt,
) -> None:
    """
    The far end says it took nothing, and yet somebody has read it.
    """
    slow = SlowTransport(
        outbox, answer, lambda: service.confirm(TOPP, outbox.last_code())
    )
    make_service(transports=[slow]).save_profile(TOPP, ANNA)

    assert service.profile(TOPP).state is State.VERIFIED


def test_silence_chosen_before_the_answer_came_stands(
    make_service: Callable[..., NotificationService],
    service: NotificationService,
    outbox: RecordingTransport,
) -> None:
    slow = SlowTransport(
        outbox,
        Receipt.rejected(),
        lambda: service.save_profile(TOPP, ProfileDialog()),
    )
    saved = make_service(transports=[slow]).save_profile(TOPP, ANNA)

    assert saved.profile.state is None
    assert service.profile(TOPP).state is None
