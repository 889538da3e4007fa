"""
A channel: an address plus what we know about it.
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, field, frozen

from .address import Address, ChannelKind
from .identifiers import BSNR
from .verification import Challenge, State, Step, Verification


@frozen
class Channel:
    """
    One address, selected once.  Another address, or another selection, is another one.

    Attributes:
        id: Unguessable; the version of the address that attempts are bound to.
        address: Where it leads, masked when shown.
        verification: How far the proof has come.
    """

    id: str
    address: Address = field(kw_only=True)
    verification: Verification = field(default=Verification(), kw_only=True)

    @property
    def kind(self) -> ChannelKind:
        """
        E-mail or fax.
        """
        return self.address.kind

    @property
    def is_verified(self) -> bool:
        """
        Whether notices may go there.
        """
        return self.verification.state is State.VERIFIED

    def binding(self, bsnr: BSNR) -> tuple[str, ...]:
        """
        What a code for this channel is bound to: practice, channel, exact address (P6).
        """
        return (str(bsnr), self.id, self.kind.value, self.address.normalized)

    def after(
        self,
        step: Step,
        *,
        challenge: Challenge | None = None,
        locked_until: datetime | None = None,
    ) -> Channel:
        """
        The channel one step later; see `Verification.after`.
        """
        moved = self.verification.after(
            step, challenge=challenge, locked_until=locked_until
        )
        return evolve(self, verification=moved)
