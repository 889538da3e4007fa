"""
Find transports, name their origin, open one.

Nothing is discovered at import: a registry is built on request, and everybody's
transports, also the built-in ones, come through the same entry point group.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import pluggy
from attrs import field, frozen
from cattrs import ClassValidationError, Converter, transform_error

from . import hookspecs
from .domain.errors import (
    DuplicateTransportError,
    InvalidSettingsError,
    PluginLoadError,
    UnknownTransportError,
)
from .domain.message import Message, Receipt
from .transport import Deadline, OpenTransport, Transport, TransportSpec


if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@frozen
class _Opened:
    """
    An open transport together with what was announced.
    """

    spec: TransportSpec[Any]
    _transport: Transport = field(repr=False)

    def deliver(self, message: Message, deadline: Deadline) -> Receipt:
        return self._transport.deliver(message, deadline)


@frozen(kw_only=True)
class Origin:
    """
    Where a transport came from.

    Attributes:
        plugin: The entry point's or module's name.
        distribution: The distribution that brings it, or `GIVEN`.
        version: That distribution's version, or an empty string.
    """

    plugin: str
    distribution: str
    version: str = ""


GIVEN = "(given by the application)"


@frozen
class TransportRegistry:
    """
    The transports that can be opened, by name.

    Attributes:
        specs: What was announced, by transport name.
        origins: Which package brought it, by transport name.
        failures: Plugins that could not be loaded, by entry point name; they stop
            nobody else and are named when a transport is not found.
    """

    specs: Mapping[str, TransportSpec[Any]]
    origins: Mapping[str, Origin]
    failures: Mapping[str, PluginLoadError] = field(factory=dict)

    @classmethod
    def installed(cls) -> TransportRegistry:
        """
        Everything installed packages announce under the entry point group.

        Raises:
            DuplicateTransportError: Two distributions announce one name.
            PluginLoadError: A plugin's hook is misspelt, or does not answer with specs.
        """
        # Only who looks for plugins pays for the machinery (25 ms).
        from importlib.metadata import entry_points  # noqa: PLC0415

        loaded: list[tuple[Origin, object]] = []
        failures: dict[str, PluginLoadError] = {}
        for point in sorted(
            set(entry_points(group=hookspecs.PROJECT)), key=lambda it: it.name
        ):
            origin = _origin(point)
            try:
                loaded.append((origin, point.load()))
            except (Exception, SystemExit) as error:  # noqa: BLE001 — a plugin's import may raise anything
                problem = f"cannot be imported ({type(error).__name__})"
                failure = PluginLoadError(point.name, origin.distribution, problem)
                failure.__cause__ = error
                failures[point.name] = failure
        return cls._of(loaded, failures)

    @classmethod
    def from_plugins(cls, *plugins: object) -> TransportRegistry:
        """
        Only these plugins: for tests, and for applications that want no discovery.
        """
        named = [
            (Origin(plugin=_name(plugin, number), distribution=GIVEN), plugin)
            for number, plugin in enumerate(plugins, start=1)
        ]
        return cls._of(named, {})

    @classmethod
    def _of(
        cls,
        plugins: Iterable[tuple[Origin, object]],
        failures: Mapping[str, PluginLoadError],
    ) -> TransportRegistry:
        specs: dict[str, TransportSpec[Any]] = {}
        origins: dict[str, Origin] = {}
        for origin, plugin in plugins:
            for spec in _announced(origin, plugin):
                if spec.name in specs:
                    both = origins[spec.name].distribution, origin.distribution
                    raise DuplicateTransportError(spec.name, both)
                specs[spec.name] = spec
                origins[spec.name] = origin
        return cls(specs, origins, failures)

    def spec(self, name: str) -> TransportSpec[Any]:
        """
        What was announced under this name.

        Raises:
            UnknownTransportError: Nobody announces it; plugins that could not be
                imported are named as well.
        """
        try:
            return self.specs[name]
        except KeyError:
            hint = "".join(f"; {failure}" for failure in self.failures.values())
            raise UnknownTransportError(name, sorted(self.specs), hint) from None

    def settings(self, name: str, given: Mapping[str, object]) -> Any:
        """
        Structure a transport's settings from plain values, such as a TOML table.

        Raises:
            InvalidSettingsError: All problems at once, each with its path.
        """
        spec = self.spec(name)
        converter = Converter(forbid_extra_keys=True, prefer_attrib_converters=True)
        for simple in (str, int, float, bool):
            converter.register_structure_hook(simple, _exactly)
        try:
            return converter.structure(given, spec.settings)
        except ClassValidationError as error:
            raise InvalidSettingsError(
                f"transport {name!r}", _problems(error)
            ) from None

    @contextmanager
    def open(
        self, name: str, given: Mapping[str, object] | object = ()
    ) -> Iterator[OpenTransport]:
        """
        Open a transport for as long as the context lasts.

        A transport that does not promise to stop at its deadline runs in a process of
        its own, which is killed at it.

        Args:
            name: The transport's name.
            given: Plain values to structure, or a settings object of the spec's class.
        """
        # Only who opens a transport pays for multiprocessing (15 ms).
        from .isolation import isolated  # noqa: PLC0415

        spec = self.spec(name)
        settings = given
        if not isinstance(given, spec.settings):
            settings = self.settings(name, dict(cast("Mapping[str, object]", given)))
        opened = (
            spec.open(settings)
            if spec.capabilities.stops_at_deadline
            else isolated(spec, settings)
        )
        with opened as transport:
            yield _Opened(spec, transport)


def _origin(point: EntryPoint) -> Origin:
    if point.dist is None:
        return Origin(plugin=point.name, distribution=point.value)
    return Origin(
        plugin=point.name, distribution=point.dist.name, version=point.dist.version
    )


def _name(plugin: object, number: int) -> str:
    if isinstance(plugin, ModuleType):
        return plugin.__name__
    return f"{type(plugin).__name__} {number}"


def _announced(origin: Origin, plugin: object) -> list[TransportSpec[Any]]:
    """
    Ask one plugin alone, so that the culprit of any trouble is known.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin, name=origin.plugin)
        manager.check_pending()
        answers = manager.hook.provide_transports()
        specs = [spec for answer in answers for spec in answer]
    except (Exception, SystemExit) as error:
        raise PluginLoadError(
            origin.plugin, origin.distribution, _load_problem(error)
        ) from error
    if not answers:
        problem = "has no hook 'provide_transports' marked with hookimpl"
        raise PluginLoadError(origin.plugin, origin.distribution, problem)
    for spec in specs:
        if not isinstance(spec, TransportSpec):
            problem = f"announced a {type(spec).__name__}, not a TransportSpec"
            raise PluginLoadError(origin.plugin, origin.distribution, problem)
    return specs


def _load_problem(error: BaseException) -> str:
    if isinstance(error, pluggy.PluginValidationError):
        return inspect.cleandoc(str(error)).replace("\n", ", ")
    return f"its hook raised {type(error).__name__}"


def _exactly(value: Any, kind: type[Any]) -> Any:
    """
    Only what already is of the kind: TOML says what it means.
    """
    if type(value) is kind or (kind is float and type(value) is int):
        return kind(value)
    raise TypeError(f"expected {kind.__name__}")


def _problems(error: ClassValidationError) -> list[str]:
    """
    What cattrs found, and what the settings class found by itself, each alone.
    """
    problems: list[str] = []
    for found in error.exceptions:
        if isinstance(found, InvalidSettingsError):
            problems += found.problems
        else:
            problems += transform_error(
                error.derive([found]), format_exception=_problem
            )
    return problems


def _problem(error: BaseException, _kind: type | None) -> str:
    """
    What is wrong, without the value: it may be a password.
    """
    match error:
        case KeyError():
            return f"required setting {error.args[0]!r} missing"
        case TypeError() if str(error).startswith("expected "):
            return str(error)
        case _ if extra := getattr(error, "extra_fields", None):
            return f"unknown setting {', '.join(sorted(map(repr, extra)))}"
        case _ if type(error).__module__.startswith("eterminservice"):
            return str(error)
        case _:
            return "invalid value"
