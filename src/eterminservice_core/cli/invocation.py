"""
One call of the command: which settings, which transports, which store.
"""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from attrs import define, field, frozen

from ..domain.errors import (
    ConfigurationError,
    InvalidSettingsError,
    InvalidValueError,
    TransportError,
)
from ..domain.keys import Keys
from ..domain.message import Message, Receipt
from ..registry import TransportRegistry
from ..service import NotificationService
from ..storage.sql import SqlStore, sqlite_engine
from ..transport import Deadline, OpenTransport, TransportSpec
from .environment import variable
from .settings import FILE_NAME, Settings, StoreSettings, load


logger = logging.getLogger("eterminservice_core")

_EVERYBODY: Final = stat.S_IROTH | stat.S_IWOTH


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
        settings_file: The file that was named, if any.
        debug: Whether errors show where they came from.
    """

    environment: Mapping[str, str] = field(repr=False)
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

    def settings(self) -> Settings:
        """
        The settings of this call.

        Raises:
            InvalidSettingsError: There are none, or they do not fit.
        """
        file = self.settings_file
        if file is None and Path(FILE_NAME).exists():
            file = Path(FILE_NAME)
        if file is None and variable("store", "path") not in self.environment:
            problem = (
                "there is no such file in this folder; 'eterminservice init' writes"
                " one, and --settings names another"
            )
            raise InvalidSettingsError(f"file {FILE_NAME!r}", [problem])
        return load(file, self.environment, self.registry)

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
            store = open_store(settings.store)
            stack.callback(store.close)
            transports: list[OpenTransport] = []
            for choice in settings.transports.values():
                if to_send:
                    opened = self.registry.open(choice.use, choice.settings)
                    transports.append(stack.enter_context(opened))
                else:
                    transports.append(_Announced(self.registry.spec(choice.use)))
            yield NotificationService(
                store,
                transports=transports,
                renderer=settings.renderer,
                trusts_register=settings.sending.trusts_register,
                message_id_domain=settings.message_id_domain,
            )


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
