"""
A channel: an address, and how far its proof has come.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from eterminservice_core.domain.address import (
    Address,
    ChannelKind,
    EmailAddress,
    FaxNumber,
)
from eterminservice_core.domain.channel import Channel
from eterminservice_core.domain.errors import IllegalTransitionError
from eterminservice_core.domain.identifiers import BSNR
from eterminservice_core.domain.verification import (
    Challenge,
    State,
    Step,
    Verification,
)


NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
EMAIL = EmailAddress("anmeldung@praxis.example")
FAX = FaxNumber("030 23125 001", allow_media=True)
OUT = Challenge(code_hash="ab", issued_at=NOW, expires_at=NOW + timedelta(hours=24))
BSNR_TOPP, BSNR_MORE = BSNR("391234511"), BSNR("241234601")


@pytest.mark.parametrize(
    ("address", "kind"), [(EMAIL, ChannelKind.EMAIL), (FAX, ChannelKind.FAX)]
)
def test_a_channel_is_of_the_kind_of_its_address(
    address: Address, kind: ChannelKind
) -> None:
    assert kind is Channel("c1", address=address).kind


@pytest.mark.parametrize("state", State)
def test_notices_may_go_to_a_verified_channel_only(state: State) -> None:
    channel = Channel("c1", address=EMAIL, verification=Verification(state=state))

    assert (state is State.VERIFIED) == channel.is_verified


def test_a_code_is_bound_to_practice_channel_and_exact_address() -> None:
    assert Channel("c1", address=EMAIL).binding(BSNR_TOPP) == (
        "391234511",
        "c1",
        "email",
        "anmeldung@praxis.example",
    )


def test_another_practice_channel_kind_or_address_is_another_binding() -> None:
    bindings = {
        Channel("c1", address=EMAIL).binding(BSNR_TOPP),
        Channel("c1", address=EMAIL).binding(BSNR_MORE),
        Channel("c2", address=EMAIL).binding(BSNR_TOPP),
        Channel("c1", address=FAX).binding(BSNR_TOPP),
        Channel("c1", address=EmailAddress("b@praxis.example")).binding(BSNR_TOPP),
    }

    assert len(bindings) == 5


def test_formatting_of_the_address_makes_no_other_binding() -> None:
    one = Channel("c1", address=FAX)
    other = Channel("c1", address=FaxNumber("(030) 2 31 25-001", allow_media=True))

    assert one.binding(BSNR_TOPP) == other.binding(BSNR_TOPP)


def test_a_step_moves_the_verification_and_nothing_else() -> None:
    pending = Channel("c1", address=EMAIL).after(Step.CODE_ISSUED, challenge=OUT)
    locked = pending.after(Step.GUESSES_SPENT, locked_until=NOW)

    assert pending == Channel(
        "c1",
        address=EMAIL,
        verification=Verification(state=State.PENDING, challenge=OUT),
    )
    assert locked == Channel(
        "c1",
        address=EMAIL,
        verification=Verification(state=State.LOCKED, locked_until=NOW),
    )


def test_a_step_the_table_does_not_have_is_an_error() -> None:
    with pytest.raises(IllegalTransitionError):
        Channel("c1", address=EMAIL).after(Step.CODE_MATCHED)


def test_a_channel_is_shown_with_its_address_masked() -> None:
    shown = repr(Channel("c1", address=EMAIL))

    assert "anmeldung" not in shown
    assert "a…g@p….example" in shown
