"""
The settings of the command: ``eterminservice.toml``, the environment, and secrets.

Rules of this file:

1. Every problem is named, all at once, with its path; no value is ever quoted.
2. A key nobody knows is a problem, named together with those that are known.
3. A secret comes from the environment or from a file of its own, never from the
   settings file, which is shown to colleagues and kept in repositories.
4. A relative path counts from the folder of the settings file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from ..domain.address import ChannelKind, EmailAddress
from ..domain.errors import (
    InvalidAddressError,
    InvalidSendWindowError,
    InvalidSettingsError,
    UnknownTransportError,
)
from ..domain.send_window import NIGHT, SendWindow
from ..registry import TransportRegistry
from ..rendering import Renderer, Wording
from ..transport import TransportSpec
from .environment import Spelled, overlay
from .sections import Reader, kinds_of


#: What the command looks for in the folder it is called in.
FILE_NAME: Final = "eterminservice.toml"
#: Domains that can stand after the @ of a Message-ID (RFC 5322 section 3.6.4).
_DOMAIN: Final = re.compile(r"[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_NO_DOMAIN: Final = "eterminservice.invalid"
#: Where the store lies, if nothing is said.
_PLACES: Final = {"path": "eterminservice.sqlite3", "key_file": "eterminservice.key"}


@frozen(kw_only=True)
class StoreSettings:
    """
    Where everything is kept.

    Attributes:
        path: The SQLite file.
        key_file: The file with the store's keys; for its owner's eyes only.
        key: What would stand in that file; from the environment only.
    """

    path: Path
    key_file: Path
    key: str = field(default="", repr=False)


@frozen(kw_only=True)
class SendingSettings:
    """
    How practices are written to.

    Attributes:
        trusts_register: Addresses that stand in the KV register need no code.
        allow_media_numbers: Fax numbers reserved for films pass, as in tests.
        message_id_domain: What stands after the ``@`` of a Message-ID; by default the
            domain of the e-mail sender.
        opens: When new practices may be disturbed, from this local time on.
        closes: Until this local time.
        zone: The time zone of both, and of the times in messages.
    """

    trusts_register: bool = False
    allow_media_numbers: bool = False
    message_id_domain: str = ""
    opens: time = NIGHT.opens
    closes: time = NIGHT.closes
    zone: str = NIGHT.zone


@frozen(kw_only=True)
class TransportChoice:
    """
    Which transport serves a kind of channel, and its settings.
    """

    use: str
    settings: object = field(repr=False)


@frozen(kw_only=True)
class Settings:
    """
    Everything the command was told.

    Attributes:
        store: Where everything is kept.
        transports: The chosen transport for each kind of channel.
        renderer: Makes the texts, as ``[texts]`` says.
        sending: How practices are written to.
        window: When new practices may be disturbed.
        message_id_domain: What stands after the ``@`` of a Message-ID.
    """

    store: StoreSettings
    transports: Mapping[ChannelKind, TransportChoice]
    renderer: Renderer
    sending: SendingSettings
    window: SendWindow
    message_id_domain: str


def load(
    file: Path | None, environment: Mapping[str, str], registry: TransportRegistry
) -> Settings:
    """
    Read the settings.

    Args:
        file: The settings file; None where the environment alone must do.
        environment: Such as `os.environ`.
        registry: The transports that can be chosen.

    Raises:
        InvalidSettingsError: They do not fit; all problems at once.
    """
    subject = f"file {str(file)!r}" if file is not None else "the environment"
    table = _table(file, subject)
    laid, problems = overlay(table, environment)
    reader = Reader(
        folder=file.parent if file is not None else Path(), problems=problems
    )
    settings = _settings(reader, laid, registry)
    if settings is None:
        raise InvalidSettingsError(subject, reader.problems)
    return settings


def _table(file: Path | None, subject: str) -> Mapping[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettingsError(subject, [f"this is no TOML: {error}"]) from None
    except UnicodeDecodeError:
        raise InvalidSettingsError(subject, ["expected UTF-8"]) from None
    except OSError as error:
        problem = f"it cannot be read ({type(error).__name__})"
        raise InvalidSettingsError(subject, [problem]) from None


def _settings(
    reader: Reader, laid: Mapping[str, Any], registry: TransportRegistry
) -> Settings | None:
    """
    All sections, or None if the reader has found problems.
    """
    reader.known(laid, "$", ("store", "transports", "texts", "sending"))
    store = _store(reader, laid.get("store", {}))
    transports = _transports(reader, laid.get("transports", {}), registry)
    sending = reader.section(SendingSettings, laid.get("sending", {}), "$.sending")
    window = _window(reader, sending)
    domain = _message_id_domain(reader, sending, transports)
    zone = sending.zone if sending is not None and window is not None else NIGHT.zone
    renderer = _renderer(reader, laid.get("texts", {}), zone)
    if (
        reader.problems
        or store is None
        or sending is None
        or window is None
        or renderer is None
    ):
        return None
    return Settings(
        store=store,
        transports=transports,
        renderer=renderer,
        sending=sending,
        window=window,
        message_id_domain=domain,
    )


def _store(reader: Reader, table: Any) -> StoreSettings | None:
    if not isinstance(table, Mapping):
        return reader.section(StoreSettings, table, "$.store")
    # The key file stays a path: `init` makes it, and says where it lies.
    places = {**_PLACES, **table}
    key_file = places.pop("key_file")
    given = reader.secrets(places, ("store",), ("key",))
    return reader.section(StoreSettings, {**given, "key_file": key_file}, "$.store")


def _window(reader: Reader, sending: SendingSettings | None) -> SendWindow | None:
    if sending is None:
        return None
    try:
        return SendWindow(sending.opens, sending.closes, sending.zone)
    except InvalidSendWindowError as error:
        reader.problems.append(f"{error} @ $.sending")
        return None


# Transports


def _transports(
    reader: Reader, table: Any, registry: TransportRegistry
) -> dict[ChannelKind, TransportChoice]:
    kinds = {kind.value: kind for kind in ChannelKind}
    if not reader.known(table, "$.transports", tuple(kinds)):
        return {}
    choices = {
        kinds[name]: _choice(reader, kinds[name], given, registry)
        for name, given in table.items()
        if name in kinds
    }
    return {kind: choice for kind, choice in choices.items() if choice is not None}


def _choice(
    reader: Reader, kind: ChannelKind, given: Any, registry: TransportRegistry
) -> TransportChoice | None:
    path = f"$.transports.{kind.value}"
    spec = _spec(reader, kind, given, registry)
    if spec is None:
        return None
    kinds = kinds_of(spec.settings)
    files = [f"{name}_file" for name in spec.secrets]
    shown = ["use", *(kind for kind in kinds if kind not in spec.secrets), *files]
    reader.known(given, path, shown, hidden=spec.secrets)
    resolved = reader.secrets(given, ("transports", kind.value), spec.secrets)
    plain = reader.plain(resolved, kinds, path)
    try:
        settings = registry.settings(spec.name, plain)
    except InvalidSettingsError as error:
        # What could not be made plain is a problem already, and not missing as well.
        said = {f" @ $.{name}" for name in resolved.keys() - plain.keys()}
        news = [it for it in error.problems if not it.endswith(tuple(said))]
        reader.add(news, path)
        return None
    return TransportChoice(use=spec.name, settings=settings)


def _spec(
    reader: Reader, kind: ChannelKind, given: Any, registry: TransportRegistry
) -> TransportSpec[Any] | None:
    path = f"$.transports.{kind.value}"
    if not isinstance(given, Mapping):
        reader.problems.append(f"expected a table @ {path}")
        return None
    use = given.get("use")
    use = use.text if isinstance(use, Spelled) else use
    if not isinstance(use, str):
        installed = ", ".join(sorted(registry.specs))
        problem = f"expected the name of a transport, installed are {installed}"
        reader.problems.append(f"{problem} @ {path}.use")
        return None
    try:
        spec = registry.spec(use)
    except UnknownTransportError as error:
        reader.problems.append(f"{error} @ {path}.use")
        return None
    if spec.kind is not kind:
        reader.problems.append(
            f"transport {use!r} serves {spec.kind.value}, not {kind.value} @ {path}.use"
        )
        return None
    return spec


def _message_id_domain(
    reader: Reader,
    sending: SendingSettings | None,
    transports: Mapping[ChannelKind, TransportChoice],
) -> str:
    """
    What is set, or the domain we write from: it makes ids unique, and looks honest.
    """
    if sending is not None and sending.message_id_domain:
        if not _DOMAIN.fullmatch(sending.message_id_domain):
            problem = "expected a domain like kv.example @ $.sending.message_id_domain"
            reader.problems.append(problem)
        return sending.message_id_domain
    choice = transports.get(ChannelKind.EMAIL)
    sender = getattr(choice.settings, "sender", None) if choice else None
    try:
        address = EmailAddress(sender) if isinstance(sender, str) else None
    except InvalidAddressError:
        address = None
    return address.normalized.partition("@")[2] if address else _NO_DOMAIN


# Texts


def _renderer(reader: Reader, table: Any, zone: str) -> Renderer | None:
    path, kinds = "$.texts", {**kinds_of(Wording), "templates": Path}
    if not reader.known(table, path, kinds):
        return None
    plain = reader.plain(table, kinds, path)
    folder = plain.pop("templates", None)
    try:
        wording = Wording(**plain)
    except InvalidSettingsError as error:
        reader.add(error.problems, path)
        return None
    try:
        return Renderer(wording, templates=folder, zone=zone)
    except InvalidSettingsError as error:
        reader.add(error.problems, f"{path}.templates")
        return None
