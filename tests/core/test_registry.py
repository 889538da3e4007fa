"""
Finding transports: everybody's by the same way, and every trouble names its culprit.

Long because plugins can be wrong in many ways, and each is tried as a whole plugin.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, field, frozen

from eterminservice_core.domain.address import ChannelKind
from eterminservice_core.domain.errors import (
    DuplicateTransportError,
    InvalidSettingsError,
    InvalidValueError,
    PluginLoadError,
    UnknownTransportError,
)
from eterminservice_core.domain.message import Message, Receipt
from eterminservice_core.hookspecs import hookimpl
from eterminservice_core.registry import (
    GIVEN,
    Origin,
    TransportRegistry,
    _origin,
)
from eterminservice_core.transport import (
    Capabilities,
    Deadline,
    Transport,
    TransportSpec,
)


def not_too_many(_: object, __: object, value: int) -> None:
    """
    Validate as a settings class of the library does.
    """
    if value > 9:
        raise InvalidValueError("at most 9 pigeons")


@frozen(kw_only=True)
class PigeonSettings:
    """
    A settings class with a bit of everything.
    """

    loft: str
    pigeons: int = field(default=1, validator=not_too_many)
    patience: float = 1.0
    at_night: bool = False
    kind: ChannelKind = ChannelKind.FAX
    password: str = field(default="", repr=False)


class Pigeon:
    """
    Carries nothing, but says that it is open.
    """

    def __init__(self, settings: PigeonSettings) -> None:
        self.settings = settings
        self.is_open = True

    def deliver(self, message: Message, deadline: Deadline) -> Receipt:
        del message, deadline
        return Receipt.accepted("1")


LOFT: list[Pigeon] = []


@contextmanager
def open_loft(settings: PigeonSettings) -> Iterator[Transport]:
    """
    Let one pigeon out, and in again.
    """
    pigeon = Pigeon(settings)
    LOFT.append(pigeon)
    try:
        yield pigeon
    finally:
        pigeon.is_open = False


PIGEON = TransportSpec(
    "pigeon",
    ChannelKind.FAX,
    PigeonSettings,
    open=open_loft,
    capabilities=Capabilities(stops_at_deadline=True),
)
DOVE = evolve(PIGEON, name="dove")


class Plugin:
    """
    A plugin that announces what it is given.
    """

    def __init__(self, *specs: object) -> None:
        self.specs = specs

    @hookimpl
    def provide_transports(self) -> Iterable[Any]:
        return self.specs


def registry() -> TransportRegistry:
    """
    A registry with the pigeon.
    """
    return TransportRegistry.from_plugins(Plugin(PIGEON))


# Given by the application


def test_a_plugins_transports_are_known_by_name() -> None:
    specs = TransportRegistry.from_plugins(Plugin(PIGEON, DOVE)).specs

    assert specs == {"pigeon": PIGEON, "dove": DOVE}


def test_a_plugin_may_announce_nothing() -> None:
    assert TransportRegistry.from_plugins(Plugin()).specs == {}
    assert TransportRegistry.from_plugins().specs == {}


def test_a_hook_may_be_a_generator() -> None:
    class Generating:
        @hookimpl
        def provide_transports(self) -> Iterator[TransportSpec[Any]]:
            yield PIGEON

    assert TransportRegistry.from_plugins(Generating()).specs == {"pigeon": PIGEON}


def test_each_transport_says_who_brought_it() -> None:
    module = types.ModuleType("eterminservice_dove")
    module.provide_transports = hookimpl(lambda: [DOVE])  # type: ignore[attr-defined]  # a module made by hand
    origins = TransportRegistry.from_plugins(Plugin(PIGEON), module).origins

    assert {
        "pigeon": Origin(plugin="Plugin 1", distribution=GIVEN),
        "dove": Origin(plugin="eterminservice_dove", distribution=GIVEN),
    } == origins


def test_an_unknown_name_is_answered_with_those_that_would_have_worked() -> None:
    both = TransportRegistry.from_plugins(Plugin(PIGEON, DOVE))
    with pytest.raises(UnknownTransportError) as caught:
        both.spec("pidgeon")

    assert caught.value.name == "pidgeon"
    assert caught.value.installed == ("dove", "pigeon")
    assert str(caught.value) == "no transport named 'pidgeon'; installed: dove, pigeon"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "plugins",
    [
        (Plugin(PIGEON, DOVE, evolve(DOVE, name="pigeon")),),
        (Plugin(PIGEON), Plugin(DOVE), Plugin(PIGEON)),
    ],
)
def test_two_transports_of_one_name_are_refused(plugins: tuple[Plugin, ...]) -> None:
    with pytest.raises(DuplicateTransportError, match="'pigeon'") as caught:
        TransportRegistry.from_plugins(*plugins)

    assert caught.value.name == "pigeon"
    assert caught.value.origins == (GIVEN, GIVEN)


# Hooks that are wrong


class Misspelt:
    @hookimpl
    def provide_transport(self) -> Iterable[Any]:
        return [PIGEON]


class Unmarked:
    def provide_transports(self) -> Iterable[Any]:
        return [PIGEON]


class Demanding:
    @hookimpl
    def provide_transports(self, configuration: object) -> Iterable[Any]:
        return [configuration]


class Raising:
    @hookimpl
    def provide_transports(self) -> Iterable[Any]:
        raise RuntimeError("hunter2")


class RaisingLate:
    @hookimpl
    def provide_transports(self) -> Iterator[Any]:
        yield PIGEON
        raise RuntimeError("hunter2")


class Leaving:
    @hookimpl
    def provide_transports(self) -> Iterable[Any]:
        raise SystemExit(3)


class Unlisted:
    @hookimpl
    def provide_transports(self) -> Any:
        return PIGEON


@pytest.mark.parametrize(
    ("plugin", "problem"),
    [
        (Misspelt(), "unknown hook 'provide_transport'"),
        (Unmarked(), "has no hook 'provide_transports' marked with hookimpl"),
        (object(), "has no hook 'provide_transports' marked with hookimpl"),
        (Demanding(), "configuration"),
        (Raising(), "its hook raised RuntimeError"),
        (RaisingLate(), "its hook raised RuntimeError"),
        (Leaving(), "its hook raised SystemExit"),
        (Unlisted(), "its hook raised TypeError"),
        (Plugin(PIGEON, "dove"), "announced a str, not a TransportSpec"),
        (Plugin(None), "announced a NoneType, not a TransportSpec"),
    ],
)
def test_a_plugin_whose_hook_is_wrong_is_named_with_the_reason(
    plugin: object, problem: str
) -> None:
    with pytest.raises(PluginLoadError) as caught:
        TransportRegistry.from_plugins(Plugin(DOVE), plugin)

    assert caught.value.plugin == f"{type(plugin).__name__} 2"
    assert caught.value.distribution == GIVEN
    assert problem in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_cause_of_a_raising_hook_is_kept() -> None:
    with pytest.raises(PluginLoadError) as caught:
        TransportRegistry.from_plugins(Raising())

    assert isinstance(caught.value.__cause__, RuntimeError)


# Installed


@pytest.fixture
def install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., None]]:
    """
    Install a distribution: a folder on `sys.path` with its modules and entry points.
    """
    before = set(sys.modules)

    def install_one(name: str, entry_points: dict[str, str], **modules: str) -> None:
        folder = tmp_path / name
        facts = folder / f"{name.replace('-', '_')}-1.2.dist-info"
        facts.mkdir(parents=True)
        (facts / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", encoding="utf-8"
        )
        lines = ["[eterminservice]", *(f"{k} = {v}" for k, v in entry_points.items())]
        (facts / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
        for module, source in modules.items():
            (folder / f"{module}.py").write_text(source, encoding="utf-8")
        monkeypatch.syspath_prepend(str(folder))

    yield install_one
    for module in set(sys.modules) - before:
        del sys.modules[module]


#: A whole plugin, as somebody else would ship it.
CARRIER = """
from contextlib import contextmanager
from attrs import frozen
from eterminservice_core import ChannelKind, TransportSpec, hookimpl

@frozen
class Settings:
    pass

@contextmanager
def open_loft(settings):
    yield None

@hookimpl
def provide_transports():
    return [TransportSpec("carrier", ChannelKind.FAX, Settings, open=open_loft)]
"""


def test_an_installed_plugin_is_found_and_its_distribution_named(
    install: Callable[..., None],
) -> None:
    install("eterminservice-carrier", {"birds": "carrier_birds"}, carrier_birds=CARRIER)
    found = TransportRegistry.installed()

    assert found.spec("carrier").kind is ChannelKind.FAX
    assert found.origins["carrier"] == Origin(
        plugin="birds", distribution="eterminservice-carrier", version="1.2"
    )


def test_an_entry_point_may_name_an_object_in_a_module(
    install: Callable[..., None],
) -> None:
    source = "import carrier_birds as plugin"
    install(
        "eterminservice-carrier",
        {"birds": "carrier_shelf:plugin"},
        carrier_birds=CARRIER,
        carrier_shelf=source,
    )

    assert "carrier" in TransportRegistry.installed().specs


def test_an_entry_point_of_another_group_is_none_of_ours(
    install: Callable[..., None], tmp_path: Path
) -> None:
    install("eterminservice-carrier", {"birds": "carrier_birds"}, carrier_birds=CARRIER)
    (facts,) = tmp_path.glob("*/*.dist-info/entry_points.txt")
    facts.write_text("[console_scripts]\nbirds = carrier_birds:main", encoding="utf-8")

    assert "carrier" not in TransportRegistry.installed().specs


def test_an_entry_point_of_no_distribution_is_named_by_what_it_loads() -> None:
    """
    As an application may make one by hand.
    """
    point = EntryPoint("birds", "carrier_birds:plugin", "eterminservice")

    assert _origin(point) == Origin(plugin="birds", distribution="carrier_birds:plugin")


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import no_such_module_at_all", "ModuleNotFoundError"),
        ("this is no Python", "SyntaxError"),
        ("raise RuntimeError('hunter2')", "RuntimeError"),
        ("raise SystemExit(3)", "SystemExit"),
    ],
)
def test_a_plugin_that_cannot_be_imported_stops_nobody_and_is_named_when_asked_for(
    install: Callable[..., None], source: str, error: str
) -> None:
    install("eterminservice-broken", {"broken": "broken_birds"}, broken_birds=source)
    install("eterminservice-carrier", {"birds": "carrier_birds"}, carrier_birds=CARRIER)
    found = TransportRegistry.installed()
    failure = found.failures["broken"]

    assert "carrier" in found.specs
    assert (failure.plugin, failure.distribution) == ("broken", "eterminservice-broken")
    assert error == type(failure.__cause__).__name__
    with pytest.raises(UnknownTransportError) as caught:
        found.spec("albatross")
    assert str(caught.value).endswith(
        f"; plugin 'broken' of eterminservice-broken: cannot be imported ({error})"
    )
    assert "hunter2" not in str(caught.value)


def test_two_distributions_with_one_name_are_both_named(
    install: Callable[..., None],
) -> None:
    install("eterminservice-carrier", {"birds": "carrier_birds"}, carrier_birds=CARRIER)
    install("eterminservice-other", {"other": "other_birds"}, other_birds=CARRIER)
    with pytest.raises(DuplicateTransportError) as caught:
        TransportRegistry.installed()

    assert caught.value.origins == ("eterminservice-carrier", "eterminservice-other")
    assert "eterminservice-carrier and eterminservice-other" in str(caught.value)


def test_an_installed_plugin_with_a_misspelt_hook_is_named(
    install: Callable[..., None],
) -> None:
    source = CARRIER.replace("def provide_transports", "def provide_transport")
    install("eterminservice-carrier", {"birds": "carrier_birds"}, carrier_birds=source)
    with pytest.raises(PluginLoadError, match="unknown hook") as caught:
        TransportRegistry.installed()

    assert caught.value.plugin == "birds"
    assert caught.value.distribution == "eterminservice-carrier"


# Settings


def problems(**given: object) -> tuple[str, ...]:
    """
    What is wrong with these settings.
    """
    with pytest.raises(InvalidSettingsError) as caught:
        registry().settings("pigeon", given)
    assert caught.value.subject == "transport 'pigeon'"
    assert "; ".join(caught.value.problems) in str(caught.value)
    return caught.value.problems


def test_settings_come_from_plain_values() -> None:
    settings = registry().settings(
        "pigeon",
        {"loft": "roof", "pigeons": 3, "patience": 2, "at_night": True, "kind": "fax"},
    )

    assert settings == PigeonSettings(
        loft="roof", pigeons=3, patience=2.0, at_night=True
    )
    assert isinstance(settings.patience, float)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "required setting 'loft' missing @ $.loft"),
        ({"loft": 3}, "expected str @ $.loft"),
        ({"loft": None}, "expected str @ $.loft"),
        ({"loft": "a", "pigeons": "3"}, "expected int @ $.pigeons"),
        ({"loft": "a", "pigeons": 3.0}, "expected int @ $.pigeons"),
        ({"loft": "a", "pigeons": True}, "expected int @ $.pigeons"),
        ({"loft": "a", "patience": "long"}, "expected float @ $.patience"),
        ({"loft": "a", "patience": True}, "expected float @ $.patience"),
        ({"loft": "a", "at_night": 1}, "expected bool @ $.at_night"),
        ({"loft": "a", "kind": "owl"}, "invalid value @ $.kind"),
        ({"loft": "a", "pidgeons": 3}, "unknown setting 'pidgeons' @ $"),
    ],
)
def test_each_problem_is_named_with_its_path(
    given: dict[str, object], problem: str
) -> None:
    assert (problem,) == problems(**given)


def test_a_settings_class_may_have_problems_of_its_own() -> None:
    (problem,) = problems(loft="a", pigeons=10)

    assert problem.startswith("at most 9 pigeons @ $")


@frozen
class Fussy:
    """
    A settings class that looks at its values together.
    """

    first: int = 1
    last: int = 1

    def __attrs_post_init__(self) -> None:
        if self.last < self.first:
            raise InvalidSettingsError("pigeons", ["too few @ $.last", "or @ $.first"])


def test_a_settings_class_may_name_several_problems_each_by_itself() -> None:
    spec = TransportSpec("fussy", ChannelKind.FAX, Fussy, open=open_fussily)
    fussy = TransportRegistry.from_plugins(Plugin(spec))
    with pytest.raises(InvalidSettingsError) as caught:
        fussy.settings("fussy", {"first": 2, "last": 1})

    assert caught.value.subject == "transport 'fussy'"
    assert caught.value.problems == ("too few @ $.last", "or @ $.first")


@contextmanager
def open_fussily(settings: Fussy) -> Iterator[Transport]:
    """
    Open whatever the settings are.
    """
    yield Pigeon(PigeonSettings(loft=str(settings.first)))


def test_all_problems_are_named_at_once() -> None:
    found = problems(pigeons="3", patience="long", owls=1, bats=2)

    assert len(found) == 4
    assert "unknown setting 'bats', 'owls' @ $" in found


@pytest.mark.parametrize("key", ["loft", "pigeons", "patience", "at_night", "kind"])
def test_no_problem_quotes_a_value(key: str) -> None:
    """
    It may be a password in the wrong place.
    """
    value: object = ["hunter2"] if key == "loft" else "hunter2"
    with pytest.raises(InvalidSettingsError) as caught:
        registry().settings("pigeon", {"loft": "a", "password": "hunter2", key: value})

    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


# Opening


def test_an_open_transport_says_what_it_is_and_is_closed_at_the_end() -> None:
    with registry().open("pigeon", {"loft": "roof"}) as transport:
        assert transport.spec is PIGEON
        assert transport.deliver(None, None) == Receipt.accepted("1")  # type: ignore[arg-type]  # it does not look
        assert LOFT[-1].is_open
        assert LOFT[-1].settings == PigeonSettings(loft="roof")

    assert not LOFT[-1].is_open


def test_a_transport_is_closed_also_when_something_goes_wrong() -> None:
    with (
        pytest.raises(RuntimeError, match="stop"),
        registry().open("pigeon", {"loft": "roof"}),
    ):
        raise RuntimeError("stop")

    assert not LOFT[-1].is_open


def test_a_settings_object_is_taken_as_it_is() -> None:
    settings = PigeonSettings(loft="roof", password="hunter2")
    with registry().open("pigeon", settings) as transport:
        assert LOFT[-1].settings is settings
        assert "hunter2" not in repr(transport)


@frozen
class NoSettings:
    """
    There is nothing to set.
    """


def test_a_transport_that_needs_no_settings_opens_without() -> None:
    opened: list[NoSettings] = []

    @contextmanager
    def open_without(settings: NoSettings) -> Iterator[Transport]:
        opened.append(settings)
        yield Pigeon(PigeonSettings(loft="roof"))

    spec = TransportSpec(
        "plain",
        ChannelKind.FAX,
        NoSettings,
        open=open_without,
        capabilities=Capabilities(stops_at_deadline=True),
    )
    with TransportRegistry.from_plugins(Plugin(spec)).open("plain"):
        assert opened == [NoSettings()]


def test_wrong_settings_or_names_open_nothing() -> None:
    before = len(LOFT)
    with pytest.raises(InvalidSettingsError), registry().open("pigeon"):
        pass
    with pytest.raises(UnknownTransportError), registry().open("owl"):
        pass

    assert before == len(LOFT)
