"""
Setting up: settings, keys and database; and which transports there are.
"""

from __future__ import annotations

import secrets
from typing import Any

import attrs
import click

from ..domain.errors import ConfigurationError
from ..domain.keys import Keys
from ..registry import Origin
from ..transport import Capabilities, TransportSpec
from .first_settings import FIRST_SETTINGS
from .invocation import Invocation
from .parameters import json_option
from .printing import complain, local, print_json, print_table, say
from .settings import StoreSettings
from .store_files import create_or_upgrade, keys_of, write_keys


@click.command()
@click.option(
    "--accept-clock",
    is_flag=True,
    help="The clock is right, whatever the store has seen: send again.",
)
@json_option
@click.pass_obj
def init(invocation: Invocation, *, accept_clock: bool, as_json: bool) -> None:
    """
    Write the settings and the keys if they are missing; make or upgrade the database.

    Calling it again does no harm.
    """
    done = []
    if _write_settings(invocation):
        done.append(f"wrote the settings {str(invocation.file)!r}")
    settings = invocation.settings()
    is_new = not settings.store.path.exists()
    if _write_keys(settings.store):
        done.append(f"wrote the keys {str(settings.store.key_file)!r}")
    create_or_upgrade(settings.store.path, keys_of(settings.store))
    made = "made" if is_new else "checked"
    done.append(f"{made} the database {str(settings.store.path)!r}")
    with invocation.service(settings) as service:
        if accept_clock:
            reads = local(service.accept_clock(), settings.sending.zone)
            done.append(f"took the clock's {reads} for true")
    if as_json:
        print_json({"done": done})
    else:
        for each in done:
            say(each)


def _write_settings(invocation: Invocation) -> bool:
    """
    Write the settings, unless they are there, or the environment is all that is meant.
    """
    file = invocation.file
    if file.exists() or invocation.lives_on_environment:
        return False
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(FIRST_SETTINGS)
    except OSError as error:
        problem = f"the settings {str(file)!r} cannot be written"
        raise ConfigurationError(f"{problem} ({type(error).__name__})") from None
    return True


def _write_keys(store: StoreSettings) -> bool:
    """
    Write new keys for a new store only: an old one needs its own.
    """
    if store.key or store.key_file.exists():
        return False
    if store.path.exists():
        raise ConfigurationError(
            f"the database {str(store.path)!r} is there and its key file"
            f" {str(store.key_file)!r} is not; bring it back from your copy, for with"
            " a new key the 24-hour rule would forget"
        )
    write_keys(store.key_file, Keys.generate(secrets.token_bytes))
    return True


# Transports


@click.command()
@json_option
@click.pass_obj
def transports(invocation: Invocation, *, as_json: bool) -> None:
    """
    List the transports that are installed, and plugins that could not be loaded.
    """
    registry = invocation.registry
    specs = [registry.specs[name] for name in sorted(registry.specs)]
    if as_json:
        print_json(
            {
                "transports": [
                    _as_json(spec, registry.origins[spec.name]) for spec in specs
                ],
                "not_loaded": {
                    plugin: str(error) for plugin, error in registry.failures.items()
                },
            }
        )
    else:
        print_table(
            ("transport", "channel", "distribution", "version", "can"),
            [_row(spec, registry.origins[spec.name]) for spec in specs],
        )
    for error in registry.failures.values():
        complain(str(error))


def _row(spec: TransportSpec[Any], origin: Origin) -> tuple[str, ...]:
    return (
        spec.name,
        spec.kind.value,
        origin.distribution,
        origin.version,
        ", ".join(_abilities(spec.capabilities)) or "–",
    )


def _abilities(capabilities: Capabilities) -> list[str]:
    """
    What a transport can promise, and what dispatch does about what it cannot.
    """
    words = []
    if capabilities.end_to_end_encrypted:
        words.append("end-to-end encrypted")
    if capabilities.reports_later:
        words.append("reports later")
    if capabilities.stops_at_deadline:
        words.append("stops at its deadline")
    else:
        words.append("killed at its deadline")
    if capabilities.lingers:
        words.append(f"may transmit {capabilities.lingers} later")
    if capabilities.longest_message is not None:
        words.append(f"at most {capabilities.longest_message} characters")
    return words


def _as_json(spec: TransportSpec[Any], origin: Origin) -> dict[str, Any]:
    capabilities = attrs.asdict(spec.capabilities)
    lingers = capabilities.pop("lingers")
    return {
        "name": spec.name,
        "kind": spec.kind,
        "plugin": origin.plugin,
        "distribution": origin.distribution,
        "version": origin.version,
        "capabilities": {**capabilities, "lingers_seconds": lingers.total_seconds()},
        "settings": [each.alias for each in attrs.fields(spec.settings) if each.init],
        "secrets": list(spec.secrets),
    }
