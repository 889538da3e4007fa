"""
A plugin that does whatever a plugin may do wrong; imported by processes of their own.

What it does with a message is the message's text, what it does when it is opened and
closed are its settings.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, NoReturn

from attrs import field, frozen

from eterminservice_core.domain.address import ChannelKind
from eterminservice_core.domain.errors import (
    ConfigurationError,
    UnsupportedMessageError,
)
from eterminservice_core.domain.message import Message, Receipt
from eterminservice_core.transport import Deadline, Transport, TransportSpec


@frozen(kw_only=True)
class UnrulySettings:
    """
    What it does when it is opened and closed.
    """

    opening: str = "opens"
    closing: str = "closes"
    folder: str = ""
    password: str = field(default="hunter2", repr=False)


def hang(*_: object) -> NoReturn:
    """
    Hang for ever, deaf to whatever does not kill.
    """
    while True:
        Event().wait()


def crash(*_: object) -> NoReturn:
    """
    End the process as a segmentation fault would.
    """
    os._exit(3)


def accept(message: Message, deadline: Deadline) -> Receipt:
    """
    Accept; the status tells which process did it, and how much time it was given.
    """
    del message
    return Receipt.accepted(f"{os.getpid()} {deadline.remaining():.0f}")


def accept_after_signals(message: Message, deadline: Deadline) -> Receipt:
    """
    Accept, although the whole group of processes is told to stop meanwhile.
    """
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    return accept(message, deadline)


def accept_and_die(message: Message, deadline: Deadline) -> Receipt:
    """
    Accept, and end the process as soon as that was said.
    """
    Thread(target=crash_after, args=(Event(),)).start()
    return accept(message, deadline)


def crash_after(patience: Event) -> None:
    """
    End the process in a moment: long after the answer has left.
    """
    patience.wait(0.5)
    crash()


def say(text: str) -> Callable[[Message, Deadline], Any]:
    """
    Raise what the plugin did not announce, with the message's text in it.
    """

    def deliver(message: Message, _: Deadline) -> NoReturn:
        raise RuntimeError(text + message.text)

    return deliver


def refuse(message: Message, _: Deadline) -> NoReturn:
    """
    Refuse a message that cannot be carried.
    """
    raise UnsupportedMessageError("unruly", f"not this one: {message.id}")


def leave(*_: object) -> NoReturn:
    """
    Leave, as a plugin written as a script might.
    """
    raise SystemExit(0)


DEEDS: dict[str, Callable[[Message, Deadline], Any]] = {
    "accept": accept,
    "accept after signals": accept_after_signals,
    "accept and die": accept_and_die,
    "answer nothing": lambda *_: None,
    "answer a string": lambda *_: "fine",
    "answer what cannot be pickled": lambda *_: lambda: None,
    "crash": crash,
    "hang": hang,
    "leave": leave,
    "raise": say("cannot carry "),
    "refuse": refuse,
}


class Unruly:
    """
    Does with a message what its text says.
    """

    def deliver(self, message: Message, deadline: Deadline) -> Receipt:
        receipt: Receipt = DEEDS[message.text](message, deadline)
        return receipt


@contextmanager
def open_unruly(settings: UnrulySettings) -> Iterator[Transport]:
    """
    Open and close as the settings say.
    """
    match settings.opening:
        case "hangs":
            hang()
        case "crashes":
            crash()
        case "raises":
            raise RuntimeError(settings.password)
        case "refuses":
            raise ConfigurationError("the loft is locked")
        case _:
            pass
    yield Unruly()
    if settings.closing == "hangs":
        hang()
    if settings.folder:
        Path(settings.folder, "closed").write_text(str(os.getpid()), encoding="ascii")


UNRULY = TransportSpec("unruly", ChannelKind.EMAIL, UnrulySettings, open=open_unruly)
