"""
One call of the command: which settings, which transports, which store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from ..domain.errors import (
    ConfigurationError,
    EterminserviceError,
    InvalidSettingsError,
    TransportError,
)
from ..domain.message import Message, Receipt
from ..registry import TransportRegistry
from ..service import NotificationService
from ..transport import Deadline, OpenTransport, TransportSpec
from .environment import variable
from .settings import FILE_NAME, Settings, TransportChoice, load
from .store_files import keys_of, opened_store


@frozen
class _Announced:
    """
    A transport that is known and not open: enough to say what could be selected.
    """

    spec: TransportSpec[Any]

    def deliver(self, message: Message, deadline: Deadline) -> Receipt:  # noqa: ARG002
        raise TransportError(self.spec.name, "is not open")


@define(kw_only=True)
class Invocation:
    """
    What one call of the command works with; read when it is first asked for.

    Attributes:
        environment: Such as `os.environ`.
        clock: Another clock than the machine's, for tests.
        settings_file: The file that was named, if any.
        debug: Whether errors show where they came from.
    """

    environment: Mapping[str, str] = field(repr=False)
    clock: Callable[[], datetime] | None = field(default=None, repr=False)
    settings_file: Path | None = None
    debug: bool = False
    _registry: TransportRegistry | None = field(default=None, init=False, repr=False)

    @property
    def registry(self) -> TransportRegistry:
        """
        Everything that installed packages announce.
        """
        if self._registry is None:
            self._registry = TransportRegistry.installed()
        return self._registry

    @property
    def file(self) -> Path:
        """
        Where the settings stand, or will stand when `init` has written them.
        """
        return self.settings_file or Path(FILE_NAME)

    @property
    def lives_on_environment(self) -> bool:
        """
        Whether no file was named and the environment says where the store lies.
        """
        return (
            self.settings_file is None
            and not self.file.exists()
            and variable("store", "path") in self.environment
        )

    def settings(self) -> Settings:
        """
        The settings of this call.

        Raises:
            InvalidSettingsError: There are none, or they do not fit.
        """
        if self.lives_on_environment:
            return load(None, self.environment, self.registry)
        if not self.file.exists():
            problem = (
                "there is no such file; 'eterminservice init' writes one, and"
                " --settings names another"
            )
            raise InvalidSettingsError(f"file {str(self.file)!r}", [problem])
        return load(self.file, self.environment, self.registry)

    @contextmanager
    def service(
        self, settings: Settings | None = None, *, to_send: bool = False
    ) -> Iterator[NotificationService]:
        """
        The service over the store that the settings name.

        Args:
            settings: The settings of this call, if they were read before.
            to_send: Open the transports; otherwise they are only known, so that a
                relay that is down stops nobody from recording.
        """
        settings = settings or self.settings()
        with ExitStack() as stack:
            keys = keys_of(settings.store)
            path = settings.store.path
            store = stack.enter_context(opened_store(path, keys, clock=self.clock))
            transports: list[OpenTransport] = []
            for choice in settings.transports.values():
                if to_send:
                    transports.append(stack.enter_context(self._opened(choice)))
                else:
                    transports.append(_Announced(self.registry.spec(choice.use)))
            yield NotificationService(
                store,
                transports=transports,
                renderer=settings.renderer,
                trusts_register=settings.sending.trusts_register,
                message_id_domain=settings.message_id_domain,
            )

    @contextmanager
    def _opened(self, choice: TransportChoice) -> Iterator[OpenTransport]:
        """
        One open transport; whatever its plugin raises while it opens is told as such.
        """
        with ExitStack() as stack:
            try:
                opened = self.registry.open(choice.use, choice.settings)
                transport = stack.enter_context(opened)
            except EterminserviceError:
                raise
            except Exception as error:
                problem = f"cannot be opened ({type(error).__name__})"
                raise TransportError(choice.use, problem) from error
            yield transport


def require_transports(settings: Settings) -> None:
    """
    Refuse to send where there is nothing to send with.

    Raises:
        ConfigurationError: No transport is set up.
    """
    if not settings.transports:
        raise ConfigurationError(
            "no transport is set up; add [transports.email] to the settings, such as"
            ' use = "smtp"'
        )
