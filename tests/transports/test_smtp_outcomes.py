"""
Every row of the table of outcomes, made to happen by a real server on the loopback.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import pytest
from attrs import evolve, frozen

from eterminservice_core.domain.message import Outcome, Reason
from eterminservice_core.transport import Deadline
from eterminservice_transports.smtp_dialogue import Dialogue
from eterminservice_transports.smtp_outcomes import RULES, Ending, Rule
from eterminservice_transports.smtp_replies import GOES_ON, Break, Reply, Stage
from eterminservice_transports.smtp_settings import SmtpSettings

from .conftest import Certificates, Hourglass
from .misbehaving import (
    Act,
    MisbehavingServer,
    Visit,
    do,
    fall_silent,
    hang_up,
    say_and_hang_up,
    stop_reading,
)


PAGE = Path(__file__).parents[2] / "docs" / "reference" / "transports" / "smtp.md"
CONTENT = b"Subject: x\r\n\r\nx\r\n"
#: More than the kernels of both sides keep for whoever does not read.
TOO_MUCH = CONTENT + b"123456789 123456789 123456789 12\r\n" * 500_000
#: Seconds until a test loses its patience with a silent server.
SHORT = 0.15

#: What the server is asked, or says on its own, at each stage.
CUES = {
    Stage.GREETING: "greeting",
    Stage.HELLO: "EHLO",
    Stage.ENCRYPTION: "STARTTLS",
    Stage.LOGIN: "AUTH",
    Stage.SENDER: "MAIL",
    Stage.RECIPIENT: "RCPT",
    Stage.START: "DATA",
    Stage.FINAL_DOT: "dot",
}

ROWS = [
    pytest.param(rule, stage, id=f"{stage.value}: {rule.means}")
    for rule in RULES
    for stage in rule.stages
]


def go_on_then_stop_reading(visit: Visit) -> None:
    visit.say("354 go on")
    stop_reading(visit)


def go_on_and_read_a_little(*, then: Callable[[], None]) -> Act:
    def act(visit: Visit) -> None:
        visit.say("354 go on")
        visit.connection.recv(1)
        then()
        fall_silent(visit)

    return act


def acts(rule: Rule, stage: Stage, hourglass: Hourglass) -> dict[str, list[str | Act]]:
    """
    What the server must do so that this row applies at this stage.
    """
    during_content: dict[str | Break, str | Act] = {
        Break.LOST: say_and_hang_up("354 go on"),
        Break.TIMED_OUT: go_on_then_stop_reading,
        Break.DEADLINE: go_on_and_read_a_little(then=hourglass.run_out),
        Break.GARBAGE: "354 go on\r\nhello there",
    }
    otherwise: dict[str | Break, str | Act] = {
        Break.LOST: hang_up,
        Break.TIMED_OUT: fall_silent,
        Break.DEADLINE: do(hourglass.run_out, fall_silent),
        Break.GARBAGE: "hello there",
    }
    match rule.answer, stage:
        case Break.NOT_OFFERED, _:
            return {"EHLO": ["250 misbehaving.example"]}
        case Break.UNTRUSTED, _:
            return {}
        case _, Stage.CONTENT:
            said = f"354 go on\r\n{rule.example}"
            return {"DATA": [during_content.get(rule.answer, said)]}
        case _:
            return {CUES[stage]: [otherwise.get(rule.answer, rule.example)]}


@contextmanager
def nobody_listens() -> Iterator[int]:
    """
    A port that refuses connections.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    yield port


@contextmanager
def nobody_answers() -> Iterator[int]:
    """
    A port whose queue of connections is full, so that the kernel answers no more.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(
            socket.create_server(("127.0.0.1", 0), backlog=0)
        )
        address = listener.getsockname()
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        yield address[1]


@frozen
class Scene:
    """
    A server's port, and what it may take.
    """

    port: int
    server: MisbehavingServer | None = None


@contextmanager
def scene(
    rule: Rule, stage: Stage, hourglass: Hourglass, tls: ssl.SSLContext
) -> Iterator[Scene]:
    if stage is Stage.REACH:
        port = nobody_listens() if rule.answer is Break.LOST else nobody_answers()
        with port as number:
            yield Scene(number)
        return
    offered = tls if stage is Stage.ENCRYPTION else None
    with MisbehavingServer(acts(rule, stage, hourglass), tls=offered) as server:
        yield Scene(server.port, server)


def converse(
    settings: SmtpSettings, content: bytes, deadline: Deadline, ca_file: Path | None
) -> Ending:
    dialogue = Dialogue(settings, ssl.create_default_context(cafile=ca_file))
    try:
        return dialogue.open(deadline) or dialogue.carry(
            "bounces@kv.example", "anmeldung@praxis.example", content, deadline
        )
    finally:
        dialogue.abandon()


@pytest.mark.parametrize(("rule", "stage"), ROWS)
def test_each_row_of_the_table_happens(
    rule: Rule, stage: Stage, certificates: Certificates, hourglass: Hourglass
) -> None:
    deadline = Deadline(30.0, clock=hourglass)
    if stage is Stage.REACH and rule.answer is Break.DEADLINE:
        deadline = Deadline(monotonic() + SHORT, clock=monotonic)
    impatient = rule.answer in {Break.TIMED_OUT, Break.DEADLINE}
    piles_up = stage is Stage.CONTENT and impatient

    with scene(rule, stage, hourglass, certificates.server) as at:
        ending = converse(
            SmtpSettings(
                host="127.0.0.1",
                port=at.port,
                security="starttls" if stage is Stage.ENCRYPTION else "none",
                username="kv",
                password="geheim",
                sender="bounces@kv.example",
                timeout=SHORT if impatient and deadline.clock is hourglass else 20.0,
            ),
            TOO_MUCH if piles_up else CONTENT,
            deadline,
            None if rule.answer is Break.UNTRUSTED else certificates.ca_file,
        )

    assert (rule, stage) == (ending.rule, ending.stage)
    if at.server is not None:
        complete = [CONTENT + b".\r\n"] if stage is Stage.FINAL_DOT else []
        assert complete == at.server.contents


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.example])
def test_the_status_is_what_the_server_said_in_digits(rule: Rule) -> None:
    code, _, text = rule.example.partition(" ")
    ending = Ending(rule.stages[0], Reply.read(int(code), text.encode()))

    assert ending.rule is rule
    assert rule.example.startswith(ending.receipt.status)
    assert set(ending.receipt.status) <= set("0123456789. ")


def every_answer() -> Iterator[Reply]:
    for code in range(200, 600):
        yield Reply(code)
        yield Reply(code, speaks_of_access=True)
    for code in (250, 251, 354, 421, 451, 500, 501, 530, 535, 550, 552, 553, 554, 556):
        for subject in range(8):
            for detail in (0, 1, 2, 7, 10):
                yield Reply(code, f"{code // 100}.{subject}.{detail}")


@pytest.mark.parametrize("stage", [*GOES_ON, Stage.CONTENT, Stage.FINAL_DOT])
def test_every_reply_comes_to_something(stage: Stage) -> None:
    """
    The table is total, and nothing before the final dot is ever in doubt.
    """
    outcomes = {Ending(stage, reply).receipt.outcome for reply in every_answer()}

    if stage is Stage.FINAL_DOT:
        assert set(Outcome) == outcomes
    else:
        assert outcomes <= {Outcome.FAILED, Outcome.REJECTED}


def test_every_way_to_break_comes_to_something() -> None:
    never = {Break.UNTRUSTED, Break.NOT_OFFERED}
    for stage in Stage:
        for way in (
            set(Break) - never - ({Break.GARBAGE} if stage is Stage.REACH else set())
        ):
            expected = {Outcome.FAILED, Outcome.UNKNOWN}
            assert Ending(stage, way).receipt.outcome in expected


def test_only_the_recipients_mailbox_is_ever_rejected() -> None:
    """
    What speaks of us must not make a practice verify its address again.
    """
    for rule in RULES:
        if rule.outcome is Outcome.REJECTED:
            assert Reason.ADDRESS_REFUSED is rule.reason
            assert not set(rule.stages) - {
                Stage.RECIPIENT,
                Stage.START,
                Stage.CONTENT,
                Stage.FINAL_DOT,
            }
        assert (rule.outcome is Outcome.ACCEPTED) == (rule.reason is None)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("550 relay not permitted", Reason.POLICY),  # Exim
        ("554 5.7.1 <a@b.example>: Relay access denied", Reason.POLICY),  # Postfix
        ("550 5.7.1 a@b.example... Relaying denied", Reason.POLICY),  # Sendmail
        ("553 not in my list of rcpthosts (#5.7.1)", Reason.POLICY),  # qmail
        ("550 authentication required", Reason.POLICY),
        ("550 5.0.0 we do not relay", Reason.POLICY),
        ("571 delivery not authorized", Reason.POLICY),
        ("550 <relay@praxis.example> unknown", Reason.ADDRESS_REFUSED),
        ("550 relay@praxis.example unknown", Reason.ADDRESS_REFUSED),
        ("550 5.1.10 recipient address has null MX", Reason.ADDRESS_REFUSED),
        ("554 5.1.1 this user is unknown", Reason.ADDRESS_REFUSED),
        ("550 4.1.1 contradicts itself", Reason.ADDRESS_REFUSED),
        ("550 5.2.1 mailbox closed", Reason.ADDRESS_REFUSED),
        ("550 5.5.0 mailbox unavailable", Reason.ADDRESS_REFUSED),  # Outlook.com
        ("550 5.2.3 message too long", Reason.POLICY),
        ("552 5.3.4 message too big", Reason.POLICY),
        ("550 5.2.2 over quota", Reason.TRY_LATER),
    ],
)
def test_what_servers_really_say_to_a_recipient(reply: str, reason: Reason) -> None:
    code, _, text = reply.partition(" ")

    ending = Ending(Stage.RECIPIENT, Reply.read(int(code), text.encode()))

    assert reason is ending.receipt.reason


def test_the_table_in_the_docs_is_the_table_in_the_code() -> None:
    """
    On a difference, put what pytest shows as expected between the markers.
    """
    page = PAGE.read_text(encoding="utf-8")
    _, _, rest = page.partition("<!-- outcomes: generated, do not edit -->\n")
    table, _, _ = rest.partition("<!-- end of outcomes -->")

    assert in_words() == table.strip()


def in_words() -> str:
    lines = ["| at | the server | for example | outcome | reason |"]
    lines += ["|---|---|---|---|---|"]
    for rule in RULES:
        stages = ", ".join(stage.value for stage in rule.stages)
        example = f"`{rule.example}`" if rule.example else ""
        reason = rule.reason.value if rule.reason else ""
        lines.append(
            f"| {stages} | {rule.means} | {example} | {rule.outcome.name} | {reason} |"
        )
    return "\n".join(lines)


def test_a_dialogue_that_was_never_opened_carries_nothing() -> None:
    settings = SmtpSettings(host="kv.example", sender="bounces@kv.example")
    dialogue = Dialogue(settings, ssl.create_default_context())
    deadline = Deadline(30.0, clock=lambda: 0.0)

    ending = dialogue.carry("a@kv.example", "b@praxis.example", CONTENT, deadline)

    assert ending == Ending(Stage.SENDER, Break.LOST)


def test_a_rule_for_another_stage_does_not_fit() -> None:
    rule = evolve(RULES[0], stages=(Stage.LOGIN,))

    assert not rule.fits(Stage.FINAL_DOT, Reply(250))
    assert rule.fits(Stage.LOGIN, Reply(250))
