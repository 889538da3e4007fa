"""
What leaves and what comes back: nothing personal in either's repr.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from eterminservice_core.domain.address import ChannelKind, EmailAddress
from eterminservice_core.domain.errors import InvalidValueError
from eterminservice_core.domain.message import (
    ContentProfile,
    DeliveryReport,
    Message,
    Outcome,
    Purpose,
    Reason,
    Receipt,
    Verdict,
)


MESSAGE = Message(
    id="m-1",
    message_id="<m-1@eterminservice.invalid>",
    kind=ChannelKind.EMAIL,
    address=EmailAddress("anmeldung@praxis.example"),
    purpose=Purpose.DIGEST,
    created_at=datetime(2026, 3, 2, 23, 0, tzinfo=UTC),
    subject="eTerminservice der Kassenärztlichen Vereinigungen",
    text="Praxis Topp: neu gebucht",
    html="<p>Praxis Topp: neu gebucht</p>",
)

#: Those that must not unverify a practice, however often they come.
OURS = {
    "unreachable",
    "insecure",
    "login refused",
    "sender refused",
    "policy",
    "protocol",
    "crashed",
}
#: Those that speak of this recipient, of this message, or of this moment.
THEIRS = {
    "address refused",
    "try later",
    "deadline",
    "unsupported",
    "connection lost",
}


def test_a_message_shows_neither_its_text_nor_its_address() -> None:
    shown = repr(MESSAGE)

    assert "Topp" not in shown
    assert "anmeldung" not in shown


def test_a_message_says_as_little_as_possible_unless_told_otherwise() -> None:
    assert MESSAGE.profile is ContentProfile.MINIMAL


def test_every_reason_speaks_of_us_or_of_something_else() -> None:
    assert {reason.value for reason in Reason} == OURS | THEIRS
    assert {reason.value for reason in Reason if reason.speaks_of_us} == OURS


def test_words_in_stores_logs_and_metrics_stay_as_they_are() -> None:
    assert [it.value for it in Purpose] == ["confirmation", "digest"]
    assert [it.value for it in ContentProfile] == ["minimal", "full"]
    assert [it.value for it in Verdict] == ["delivered", "undelivered"]
    assert [it.value for it in Outcome] == [
        "accepted",
        "rejected",
        "failed",
        "unknown",
    ]


def test_each_outcome_has_a_receipt_of_its_own() -> None:
    assert Receipt.accepted() == Receipt(Outcome.ACCEPTED)
    assert Receipt.rejected() == Receipt(
        Outcome.REJECTED, reason=Reason.ADDRESS_REFUSED
    )
    assert Receipt.failed(Reason.TRY_LATER) == Receipt(
        Outcome.FAILED, reason=Reason.TRY_LATER
    )
    assert Receipt.unknown(Reason.CRASHED) == Receipt(
        Outcome.UNKNOWN, reason=Reason.CRASHED
    )


@pytest.mark.parametrize(
    "receipt",
    [
        Receipt.accepted("250 2.0.0"),
        Receipt.rejected(status="250 2.0.0"),
        Receipt.failed(Reason.TRY_LATER, "250 2.0.0"),
        Receipt.unknown(Reason.CRASHED, "250 2.0.0"),
    ],
)
def test_a_receipt_keeps_the_status_in_digits(receipt: Receipt) -> None:
    assert receipt.status == "250 2.0.0"


def test_an_address_may_be_rejected_for_another_reason() -> None:
    assert Receipt.rejected(Reason.POLICY).reason is Reason.POLICY


@pytest.mark.parametrize("status", ["", "550", "550 5.1.1", "5" * 20])
def test_a_status_is_up_to_20_digits_dots_and_spaces(status: str) -> None:
    assert status == Receipt(Outcome.REJECTED, status=status).status


@pytest.mark.parametrize(
    "status",
    ["550 5.1.1 <anmeldung@praxis.example>", "nö", "5" * 21, "550\n5", "550\n"],
)
def test_the_far_ends_free_text_is_no_status(status: str) -> None:
    """
    It may quote the address.
    """
    with pytest.raises(InvalidValueError, match="up to 20 digits") as caught:
        Receipt(Outcome.REJECTED, status=status)

    assert status not in str(caught.value)


def test_a_report_names_its_attempt_and_what_it_says() -> None:
    report = DeliveryReport("m-1", verdict=Verdict.UNDELIVERED)

    assert report.attempt_id == "m-1"
    assert report.verdict is Verdict.UNDELIVERED
