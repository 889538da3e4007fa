"""
A transport in a process of its own: whatever it does, the next message is carried (P8).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from attrs import evolve

from eterminservice_core import isolation
from eterminservice_core.domain.address import ChannelKind, EmailAddress
from eterminservice_core.domain.errors import (
    ConfigurationError,
    TransportError,
    UnsupportedMessageError,
)
from eterminservice_core.domain.message import (
    Message,
    Outcome,
    Purpose,
    Reason,
    Receipt,
)
from eterminservice_core.isolation import isolated
from eterminservice_core.registry import TransportRegistry
from eterminservice_core.transport import Capabilities, Deadline, Transport


MESSAGE = Message(
    id="m-1",
    message_id="<m-1@eterminservice.invalid>",
    kind=ChannelKind.EMAIL,
    address=EmailAddress("anmeldung@praxis.example"),
    purpose=Purpose.DIGEST,
    created_at=datetime(2026, 3, 2, 23, 0, tzinfo=UTC),
    subject="eTerminservice der Kassenärztlichen Vereinigungen",
    text="accept",
)


@pytest.fixture
def unruly(monkeypatch: pytest.MonkeyPatch) -> Any:
    """
    The plugin, as a module that another process can import.
    """
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return import_module("unruly")


@pytest.fixture
def transport(unruly: Any) -> Iterator[Transport]:
    """
    The plugin, open in a process of its own.
    """
    with isolated(unruly.UNRULY, unruly.UnrulySettings()) as opened:
        yield opened


def within(seconds: float) -> Deadline:
    """
    A deadline in real time.
    """
    return Deadline(monotonic() + seconds, clock=monotonic)


def deliver(transport: Transport, text: str = "accept", seconds: float = 60) -> Receipt:
    """
    Hand a message over; its text is what the plugin does with it.
    """
    return transport.deliver(evolve(MESSAGE, text=text), within(seconds))


def carrier(receipt: Receipt) -> int:
    """
    The process that carried a message.
    """
    assert receipt.outcome is Outcome.ACCEPTED
    return int(receipt.status.split()[0])


def is_running(process: int) -> bool:
    """
    Whether there is such a process; a child that ended was waited for by its parent.
    """
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_messages_are_carried_by_one_other_process(transport: Transport) -> None:
    first, second = carrier(deliver(transport)), carrier(deliver(transport))

    assert first == second != os.getpid()


def test_the_other_process_is_given_the_time_that_is_left(transport: Transport) -> None:
    assert deliver(transport, seconds=1000).status.endswith((" 999", " 1000"))


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("answer nothing", Reason.CRASHED),
        ("answer a string", Reason.CRASHED),
        ("answer what cannot be pickled", Reason.CRASHED),
        ("crash", Reason.CRASHED),
        ("leave", Reason.CRASHED),
        ("raise", Reason.CRASHED),
    ],
)
def test_whatever_it_does_nobody_can_tell_and_the_next_message_is_carried(
    transport: Transport, deed: str, reason: Reason
) -> None:
    before = carrier(deliver(transport))

    assert deliver(transport, deed) == Receipt.unknown(reason)
    assert not is_running(before)
    assert carrier(deliver(transport)) != before


def test_one_that_hangs_is_killed_at_its_deadline_and_the_next_message_is_carried(
    transport: Transport,
) -> None:
    before, begun = carrier(deliver(transport)), monotonic()

    assert deliver(transport, "hang", seconds=0.5) == Receipt.unknown(Reason.DEADLINE)
    assert 0.5 <= monotonic() - begun < 20
    assert not is_running(before)
    assert carrier(deliver(transport)) != before


def test_a_signal_to_all_processes_does_not_tear_a_message_apart(
    transport: Transport,
) -> None:
    """
    Ctrl+C and systemd signal parent and child; only the parent decides when to stop.
    """
    assert deliver(transport, "accept after signals").outcome is Outcome.ACCEPTED
    assert deliver(transport).outcome is Outcome.ACCEPTED


def test_a_refused_message_is_refused_here_too_and_the_process_goes_on(
    transport: Transport,
) -> None:
    before = carrier(deliver(transport))
    with pytest.raises(UnsupportedMessageError) as caught:
        deliver(transport, "refuse")

    assert caught.value.transport == "unruly"
    assert before == carrier(deliver(transport))


def test_nothing_is_handed_over_after_the_deadline(transport: Transport) -> None:
    """
    Else it would have crashed.
    """
    assert deliver(transport, "crash", 0) == Receipt.failed(Reason.DEADLINE)
    assert deliver(transport).outcome is Outcome.ACCEPTED


def test_a_process_that_died_idle_has_carried_nothing(
    transport: Any,
) -> None:
    deliver(transport, "accept and die")
    transport._process.join()

    assert deliver(transport) == Receipt.failed(Reason.UNREACHABLE)
    assert deliver(transport).outcome is Outcome.ACCEPTED


def test_an_interrupted_wait_leaves_no_answer_behind(transport: Transport) -> None:
    """
    Else the next message would be taken for carried, with the answer of this one.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = carrier(deliver(transport))
    former = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            deliver(transport, "hang")
    finally:
        signal.signal(signal.SIGALRM, former)

    assert not is_running(before)
    assert carrier(deliver(transport)) != before


# Opening and closing


def test_it_is_closed_in_its_own_process(unruly: Any, tmp_path: Path) -> None:
    settings = unruly.UnrulySettings(folder=str(tmp_path))
    with isolated(unruly.UNRULY, settings) as transport:
        process = carrier(deliver(transport))

        assert not list(tmp_path.iterdir())

    assert str(process) == (tmp_path / "closed").read_text(encoding="ascii")
    assert not is_running(process)


def test_one_that_hangs_when_it_is_closed_is_killed(
    unruly: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "_CLOSING_TIME", 0.2)
    with isolated(unruly.UNRULY, unruly.UnrulySettings(closing="hangs")) as transport:
        process = carrier(deliver(transport))

    assert not is_running(process)


def test_one_that_died_can_be_closed_all_the_same(unruly: Any) -> None:
    with isolated(unruly.UNRULY, unruly.UnrulySettings()) as transport:
        deliver(transport, "crash")


@pytest.mark.parametrize(
    ("opening", "problem"),
    [
        ("crashes", "did not open"),
        ("raises", "raised RuntimeError"),
        ("refuses", "the loft is locked"),
    ],
)
def test_one_that_cannot_be_opened_says_why_without_a_secret(
    unruly: Any, opening: str, problem: str
) -> None:
    settings = unruly.UnrulySettings(opening=opening)
    with (
        pytest.raises(TransportError, match=problem) as caught,
        isolated(unruly.UNRULY, settings),
    ):
        pass

    assert "hunter2" not in str(caught.value)
    assert caught.value.transport == "unruly"


def test_one_that_hangs_when_it_is_opened_is_killed(
    unruly: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "_OPENING_TIME", 2.0)
    with (
        pytest.raises(TransportError, match="did not open, or not in time"),
        isolated(unruly.UNRULY, unruly.UnrulySettings(opening="hangs")),
    ):
        pass


def test_one_that_cannot_be_opened_again_in_time_has_carried_nothing(
    transport: Transport,
) -> None:
    """
    Opening counts against the message's own deadline: nobody waits half a minute.
    """
    deliver(transport, "crash")
    begun = monotonic()

    assert deliver(transport, seconds=0.01) == Receipt.failed(Reason.UNREACHABLE)
    assert monotonic() - begun < 10


# What cannot go into another process


def test_one_that_another_process_cannot_find_is_refused_with_the_remedy(
    unruly: Any,
) -> None:
    @contextmanager
    def open_nested(settings: object) -> Iterator[Transport]:
        with unruly.open_unruly(settings) as opened:
            yield opened

    spec = evolve(unruly.UNRULY, open=open_nested)
    with (
        pytest.raises(ConfigurationError, match="'unruly' does not promise") as caught,
        isolated(spec, unruly.UnrulySettings()),
    ):
        pass

    assert "at the top level of a module" in str(caught.value)
    assert "stops_at_deadline" in str(caught.value)


def test_settings_that_cannot_be_pickled_are_refused(unruly: Any) -> None:
    with (
        pytest.raises(ConfigurationError, match="'unruly' does not promise"),
        isolated(unruly.UNRULY, lambda: None),
    ):
        pass


# Through the registry


def registry(unruly: Any, **capabilities: Any) -> TransportRegistry:
    """
    A registry that knows the plugin, which can promise so much.
    """
    spec = evolve(unruly.UNRULY, capabilities=Capabilities(**capabilities))
    return TransportRegistry(specs={"unruly": spec}, origins={})


def test_one_that_does_not_promise_to_stop_gets_a_process_of_its_own(
    unruly: Any,
) -> None:
    with registry(unruly).open("unruly") as transport:
        assert carrier(deliver(transport)) != os.getpid()


def test_one_that_promises_to_stop_runs_here(unruly: Any) -> None:
    with registry(unruly, stops_at_deadline=True).open("unruly") as transport:
        assert carrier(deliver(transport)) == os.getpid()
