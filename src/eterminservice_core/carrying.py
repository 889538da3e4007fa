"""
Calling a transport: whatever a plugin does, the answer is a receipt (P8).
"""

from __future__ import annotations

import logging
from datetime import timedelta

from attrs import define

from .domain.errors import TransportCrashedError, UnsupportedMessageError
from .domain.message import Message, Reason, Receipt
from .transport import Deadline, OpenTransport


logger = logging.getLogger("eterminservice_core")


def carry(transport: OpenTransport, message: Message, deadline: Deadline) -> Receipt:
    """
    Call `deliver`; an exception it did not announce means that nobody knows.
    """
    try:
        receipt = transport.deliver(message, deadline)
    except UnsupportedMessageError:
        return Receipt.failed(Reason.UNSUPPORTED)
    except (Exception, SystemExit) as error:  # noqa: BLE001 — a plugin may raise anything
        crash = TransportCrashedError(transport.spec.name, type(error).__name__)
        # The cause's text may quote the message, so only its type is told.
        logger.error("%s", crash, extra={"attempt": message.id})  # noqa: TRY400
        return Receipt.unknown(Reason.CRASHED)
    if not isinstance(receipt, Receipt):
        crash = TransportCrashedError(transport.spec.name, "answered with no receipt")
        logger.error("%s", crash, extra={"attempt": message.id})
        return Receipt.unknown(Reason.CRASHED)
    return receipt


@define
class Health:
    """
    How a transport has been doing in this process.

    Several faults of our own in a row pause it, with an alarm: a misconfigured relay
    must not be tried a thousand times, nor unverify a whole KV.
    """

    faults_in_a_row: int = 0
    paused_until: float = float("-inf")

    def watch(
        self,
        transport: str,
        receipt: Receipt,
        *,
        limit: int,
        pause: timedelta,
        at: float,
    ) -> None:
        """
        Take a receipt into account.

        Args:
            transport: Its name, for the alarm.
            receipt: What it answered.
            limit: Faults of our own in a row before it pauses.
            pause: How long it pauses.
            at: Now, in seconds on the clock that only goes forward.
        """
        if receipt.reason is None or not receipt.reason.speaks_of_us:
            self.faults_in_a_row = 0
            return
        self.faults_in_a_row += 1
        if self.faults_in_a_row >= limit:
            self.paused_until = at + pause.total_seconds()
            alarm = {
                "transport": transport,
                "reason": receipt.reason.value,
                "status": receipt.status,
            }
            logger.error("transport paused", extra=alarm)
