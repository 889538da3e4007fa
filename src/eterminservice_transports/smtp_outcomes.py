"""
What each answer of a mail server, and each way to break, comes to: one table.

`RULES` is read from the top; the first row that fits decides, and some row always fits.

1. Before the final dot is handed over, whatever happens is `Outcome.FAILED` or
   `Outcome.REJECTED`: only the dot makes a server process what came before it (RFC 5321
   section 4.1.1.4).
2. After it, only a well-formed reply tells, also a 421: "the command was not accepted,
   and the requested action did not occur" (section 4.2.1).  Without one it is
   `Outcome.UNKNOWN`, where section 3.8 would send again, and twice (RFC 1047).
3. `Outcome.REJECTED` makes a practice verify its address again.  So only what speaks
   of the recipient's mailbox counts as that; what may speak of us is `Outcome.FAILED`,
   or one relay set up wrongly would unverify a whole KV.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from eterminservice_core.domain.message import Outcome, Reason, Receipt

from .smtp_replies import Break, Reply, Stage


@frozen(kw_only=True)
class Rule:
    """
    One row of the table.

    Attributes:
        stages: Where it applies.
        answer: A regular expression for `Reply.status`, or a way to break.
        about_access: Whether it is for replies alone that speak of access.
        means: The answer in words, for people.
        example: A reply that fits, as a server might write it; empty for a break.
        outcome: What it comes to.
        reason: Why.
    """

    stages: tuple[Stage, ...]
    answer: str | Break
    about_access: bool = False
    means: str
    example: str = ""
    outcome: Outcome
    reason: Reason | None

    def fits(self, stage: Stage, answer: Reply | Break) -> bool:
        """
        Whether this row speaks of such an answer at this stage.
        """
        if stage not in self.stages:
            return False
        if isinstance(self.answer, Break) or isinstance(answer, Break):
            return self.answer is answer
        if self.about_access and not answer.speaks_of_access:
            return False
        return re.fullmatch(self.answer, answer.status) is not None


@frozen
class Ending:
    """
    Where one conversation ended, and on what.
    """

    stage: Stage
    answer: Reply | Break

    @property
    def rule(self) -> Rule:
        """
        The row of the table that decides.
        """
        return next(rule for rule in RULES if rule.fits(self.stage, self.answer))

    @property
    def receipt(self) -> Receipt:
        """
        What it comes to.
        """
        rule = self.rule
        status = "" if isinstance(self.answer, Break) else self.answer.status
        return Receipt(rule.outcome, reason=rule.reason, status=status)


def _reply(
    stages: tuple[Stage, ...],
    pattern: str,
    means: str,
    example: str,
    verdict: Receipt,
    *,
    about_access: bool = False,
) -> Rule:
    """
    A row for a reply; one argument a column.
    """
    return Rule(
        stages=stages,
        answer=pattern,
        about_access=about_access,
        means=means,
        example=example,
        outcome=verdict.outcome,
        reason=verdict.reason,
    )


def _broken(stages: tuple[Stage, ...], answer: Break, verdict: Receipt) -> Rule:
    """
    A row for a way to break.
    """
    return Rule(
        stages=stages,
        answer=answer,
        means=answer.value,
        outcome=verdict.outcome,
        reason=verdict.reason,
    )


_GREETING, _HELLO, _TLS, _LOGIN = _OPENING = (
    Stage.GREETING,
    Stage.HELLO,
    Stage.ENCRYPTION,
    Stage.LOGIN,
)
_SENDER, _RECIPIENT, _START, _CONTENT = _CARRYING = (
    Stage.SENDER,
    Stage.RECIPIENT,
    Stage.START,
    Stage.CONTENT,
)
_REACH, _DOT = Stage.REACH, Stage.FINAL_DOT
_BEFORE_THE_DOT = (*_OPENING, *_CARRYING)
#: From here on, a reply may speak of the recipient.
_ADDRESSED = (_RECIPIENT, _START, _CONTENT, _DOT)

_TRY_LATER = Receipt.failed(Reason.TRY_LATER)
_POLICY = Receipt.failed(Reason.POLICY)
_PROTOCOL = Receipt.failed(Reason.PROTOCOL)
_INSECURE = Receipt.failed(Reason.INSECURE)
_UNREACHABLE = Receipt.failed(Reason.UNREACHABLE)
_NO_LOGIN = Receipt.failed(Reason.LOGIN_REFUSED)
_BAD_SENDER = Receipt.failed(Reason.SENDER_REFUSED)
_REJECTED = Receipt.rejected()

#: The table; the order is part of it.
RULES: Final[tuple[Rule, ...]] = (
    _reply((_DOT,), r"2.*", "2yz", "250 2.0.0 queued", Receipt.accepted()),
    _reply(
        (*_BEFORE_THE_DOT, _DOT),
        r"4.*",
        "4yz, also 421: not now",
        "451 4.7.1 greylisted, come back later",
        _TRY_LATER,
    ),
    # Opening
    _reply(
        (_GREETING, _HELLO),
        r"(521|55[04]).*",
        "521, 550 or 554: no service for us",
        "554 5.7.1 no service for your host",
        _POLICY,
    ),
    _broken((_TLS,), Break.NOT_OFFERED, _INSECURE),
    _broken((_TLS,), Break.UNTRUSTED, _INSECURE),
    _reply((_TLS,), r"5.*", "5yz: STARTTLS is refused", "502 no", _INSECURE),
    _broken((_LOGIN,), Break.NOT_OFFERED, _NO_LOGIN),
    _reply(
        (_LOGIN,),
        r"5.*",
        "5yz: the login is refused",
        "535 5.7.8 credentials invalid",
        _NO_LOGIN,
    ),
    # Carrying
    _reply(
        (_SENDER, _RECIPIENT, _START),
        r"53[0458].*",
        "530, 534, 535 or 538: a login, or another one, is wanted first",
        "530 5.7.0 authentication required",
        _NO_LOGIN,
    ),
    _reply(
        (_SENDER, *_ADDRESSED),
        r"5.. 5\.1\.[78]",
        "5.1.7 or 5.1.8: a bad sender",
        "550 5.1.8 sender's domain does not exist",
        _BAD_SENDER,
    ),
    _reply(
        (_SENDER,),
        r"5(01|50|53).*|5.. 5\.1\..*",
        "501, 550, 553 or 5.1.x: this sender is not taken",
        "553 5.7.1 sender address is not yours",
        _BAD_SENDER,
    ),
    _reply(
        _ADDRESSED,
        r"5.. 5\.2\.2",
        "5.2.2: the mailbox is full",
        "552 5.2.2 mailbox full",
        _TRY_LATER,
    ),
    _reply(
        (_RECIPIENT,),
        r"552( 5\.0\.0)?",
        "552 alone: the mailbox is full, or too many recipients for now",
        "552 over quota",
        _TRY_LATER,
    ),
    _reply(
        _ADDRESSED,
        r"5.. 5\.(1\..*|2\.1)",
        "5.1.x or 5.2.1: no such mailbox, or a closed one",
        "550 5.1.1 no such user",
        _REJECTED,
    ),
    _reply(
        (_RECIPIENT,),
        r"556.*",
        "556: the domain takes no mail (RFC 7504)",
        "556 domain does not accept mail",
        _REJECTED,
    ),
    _reply(
        (_RECIPIENT,),
        r"550 5\.(4\.1|5\.0)",
        "550 5.4.1 or 5.5.0: no such mailbox, in the words of Microsoft's servers",
        "550 5.4.1 recipient address rejected",
        _REJECTED,
    ),
    _reply(
        (_RECIPIENT,),
        r"55[013]( 5\.[02]\.0)?",
        "550, 551 or 553 with words about relaying or authentication",
        "550 relay not permitted",
        _POLICY,
        about_access=True,
    ),
    _reply(
        (_RECIPIENT,),
        r"55[013]( 5\.[02]\.0)?",
        "550, 551 or 553 alone: no such mailbox",
        "550 no such user here",
        _REJECTED,
    ),
    _reply(
        (_SENDER, _RECIPIENT, _START),
        r"(50.|555).*|5.. 5\.5\..*",
        "500 to 504, 555 or 5.5.x: not understood, or out of order",
        "503 5.5.1 bad sequence of commands",
        _PROTOCOL,
    ),
    _reply(
        (*_CARRYING, _DOT),
        r"5.*",
        "any other 5yz: policy, size, content",
        "554 5.7.1 refused for policy reasons",
        _POLICY,
    ),
    _reply(
        _BEFORE_THE_DOT,
        r".*",
        "any other reply",
        "355 what now?",
        _PROTOCOL,
    ),
    _reply(
        (_DOT,),
        r".*",
        "any other reply",
        "354 go on",
        Receipt.unknown(Reason.PROTOCOL),
    ),
    # Breaking
    _broken((_REACH, *_OPENING), Break.LOST, _UNREACHABLE),
    _broken((_REACH, *_OPENING), Break.TIMED_OUT, _UNREACHABLE),
    _broken(_CARRYING, Break.LOST, Receipt.failed(Reason.CONNECTION_LOST)),
    _broken(_CARRYING, Break.TIMED_OUT, Receipt.failed(Reason.CONNECTION_LOST)),
    _broken(
        (_REACH, *_BEFORE_THE_DOT), Break.DEADLINE, Receipt.failed(Reason.DEADLINE)
    ),
    _broken(_BEFORE_THE_DOT, Break.GARBAGE, _PROTOCOL),
    _broken((_DOT,), Break.LOST, Receipt.unknown(Reason.CONNECTION_LOST)),
    _broken((_DOT,), Break.TIMED_OUT, Receipt.unknown(Reason.CONNECTION_LOST)),
    _broken((_DOT,), Break.DEADLINE, Receipt.unknown(Reason.DEADLINE)),
    _broken((_DOT,), Break.GARBAGE, Receipt.unknown(Reason.PROTOCOL)),
)
