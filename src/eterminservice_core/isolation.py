"""
A transport in a process of its own, killed at its deadline.

For transports that cannot promise to stop in time (P8): a thread cannot be killed, a
process can.  What was on the wire when it was killed, nobody knows.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any

from attrs import define, field

from .domain.errors import (
    ConfigurationError,
    EterminserviceError,
    TransportError,
    UnsupportedMessageError,
)
from .domain.message import Message, Reason, Receipt
from .transport import Deadline, Transport, TransportSpec


#: How long an idle process may take to close its transport.
_CLOSING_TIME = 5.0
#: How long a new process may take to open its transport.
_OPENING_TIME = 30.0

_READY = "ready"
_UNSUPPORTED = "unsupported"

# "spawn" starts clean: no inherited threads, locks, sockets or database handles.
_processes = multiprocessing.get_context("spawn")


@contextmanager
def isolated(spec: TransportSpec[Any], settings: object) -> Iterator[Transport]:
    """
    Run the transport in a child process for as long as the context lasts.

    Raises:
        ConfigurationError: The spec or its settings cannot be found from another
            process, because they are not at the top level of a module.
    """
    try:
        pickle.dumps((spec, settings))
    except (pickle.PicklingError, AttributeError, TypeError):
        raise ConfigurationError(
            f"transport {spec.name!r} does not promise to stop at its deadline, so it"
            " runs in a process of its own: define its settings class and its open"
            " function at the top level of a module, or declare stops_at_deadline"
        ) from None
    carrier = _Carrier(spec, settings)
    try:
        carrier.start(_OPENING_TIME)
        yield carrier
    finally:
        carrier.close()


@define
class _Carrier:
    """
    The parent's end: passes messages on, and kills whoever is late.
    """

    _spec: TransportSpec[Any]
    _settings: object = field(repr=False)
    _process: Any = field(default=None, init=False, repr=False)
    _pipe: Connection | None = field(default=None, init=False, repr=False)

    def start(self, seconds: float) -> Connection:
        """
        Start the process and wait, at most so long, until its transport is open.

        Raises:
            TransportError: It could not be opened.
        """
        here, there = _processes.Pipe()
        self._process = _processes.Process(
            target=_serve, args=(there, self._spec, self._settings), daemon=True
        )
        self._process.start()
        there.close()
        self._pipe = here
        answer = self._answer(seconds)
        if answer == _READY:
            return here
        self._kill()
        problem = answer if isinstance(answer, str) else "did not open, or not in time"
        raise TransportError(self._spec.name, problem)

    def deliver(self, message: Message, deadline: Deadline) -> Receipt:
        """
        Pass one message on; unknown if the process is killed or dies over it.
        """
        try:
            pipe = self._pipe or self.start(min(_OPENING_TIME, deadline.remaining()))
        except TransportError:
            return Receipt.failed(Reason.UNREACHABLE)
        if deadline.is_over:
            return Receipt.failed(Reason.DEADLINE)
        try:
            pipe.send((message, deadline.remaining()))
        except OSError:  # it died idle, so it has not seen the message
            self._kill()
            return Receipt.failed(Reason.UNREACHABLE)
        try:
            answer = self._answer(deadline.remaining())
        except BaseException:  # interrupted: the answer must not be taken for the next
            self._kill()
            raise
        if isinstance(answer, Receipt):
            return answer
        if answer == _UNSUPPORTED:
            raise UnsupportedMessageError(self._spec.name, "cannot carry this message")
        self._kill()
        in_time = deadline.remaining() > 0
        return Receipt.unknown(Reason.CRASHED if in_time else Reason.DEADLINE)

    def _answer(self, seconds: float) -> object:
        """
        The child's next word, or None if it says nothing in time or dies.
        """
        assert self._pipe is not None  # noqa: S101 — start() has set it
        try:
            return self._pipe.recv() if self._pipe.poll(seconds) else None
        except (EOFError, OSError, pickle.UnpicklingError):
            return None

    def _kill(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None

    def close(self) -> None:
        """
        Let an idle process close its transport, then make sure that it is gone.
        """
        if self._pipe is not None:
            try:
                self._pipe.send(None)
                self._process.join(_CLOSING_TIME)
            except OSError:
                pass  # it is gone already
        self._kill()


def _serve(pipe: Connection, spec: TransportSpec[Any], settings: object) -> None:
    """
    The child's end: open, carry one message after another, close.

    Whoever stops a service signals all of its processes; only the parent knows whether
    a message is on the wire, and tells the child when it is time.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not SIG_IGN, which programs that the transport starts would inherit.
        signal.signal(number, lambda *_: None)
    try:
        with spec.open(settings) as transport:
            pipe.send(_READY)
            while (work := pipe.recv()) is not None:
                message, seconds = work
                deadline = Deadline(monotonic() + seconds, clock=monotonic)
                try:
                    pipe.send(transport.deliver(message, deadline))
                except UnsupportedMessageError:
                    pipe.send(_UNSUPPORTED)
    except EOFError:
        pass  # the parent is gone
    except EterminserviceError as error:
        pipe.send(str(error))
    except BaseException as error:  # noqa: BLE001 — a plugin may raise anything
        pipe.send(f"raised {type(error).__name__}")
