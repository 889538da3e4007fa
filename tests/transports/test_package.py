"""
The package as a plugin: what it announces, and what it costs to import.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import eterminservice_transports
from eterminservice_core.domain.address import ChannelKind
from eterminservice_core.domain.errors import InvalidSettingsError
from eterminservice_core.registry import TransportRegistry
from eterminservice_core.transport import TransportSpec
from eterminservice_transports import SmtpSettings, provide_transports


SPECS = {spec.name: spec for spec in provide_transports()}


@pytest.fixture
def registry() -> TransportRegistry:
    return TransportRegistry.from_plugins(eterminservice_transports)


def test_it_announces_its_transports(registry: TransportRegistry) -> None:
    expected = {
        "directory": ChannelKind.EMAIL,
        "recording": ChannelKind.EMAIL,
        "recording-fax": ChannelKind.FAX,
        "smtp": ChannelKind.EMAIL,
    }

    assert expected == {name: spec.kind for name, spec in registry.specs.items()}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_a_spec_can_be_sent_to_another_process(spec: TransportSpec[object]) -> None:
    assert spec == pickle.loads(pickle.dumps(spec))  # noqa: S301 — just made


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_all_of_them_stop_at_their_deadline_and_none_encrypts_end_to_end(
    spec: TransportSpec[object],
) -> None:
    assert spec.capabilities.stops_at_deadline
    assert not spec.capabilities.end_to_end_encrypted


def test_importing_the_package_imports_no_mail_program() -> None:
    heavy = ("smtplib", "ssl", "email.headerregistry", "email_validator", "sqlalchemy")
    question = f"import sys; print([it for it in {heavy} if it in sys.modules])"

    answer = subprocess.run(
        [sys.executable, "-c", f"import eterminservice_transports; {question}"],
        capture_output=True,
        check=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )

    assert answer.stdout == "[]\n"


def test_smtp_settings_can_come_from_a_file(registry: TransportRegistry) -> None:
    given = {
        "host": "relay.kv.example",
        "security": "starttls",
        "sender": "kv@kv.example",
        "ca_file": "ca.pem",
        "timeout": 5,
    }

    expected = SmtpSettings(
        host="relay.kv.example",
        security="starttls",
        port=587,
        sender="kv@kv.example",
        envelope_sender="kv@kv.example",
        ca_file=Path("ca.pem"),
        timeout=5.0,
    )
    assert expected == registry.settings("smtp", given)


@pytest.mark.parametrize("name", ["smtp", "directory"])
def test_the_settings_in_the_docs_are_settings(
    name: str, registry: TransportRegistry
) -> None:
    import tomllib  # noqa: PLC0415 — only here

    folder = Path(__file__).parents[2] / "docs" / "reference" / "transports"
    page = (folder / f"{name}.md").read_text(encoding="utf-8")
    block = page.partition("```toml\n")[2].partition("```")[0]
    secrets = dict.fromkeys(registry.spec(name).secrets, "geheim")

    settings = registry.settings(name, tomllib.loads(block) | secrets)

    for setting in vars(type(settings))["__attrs_attrs__"]:
        assert f"`{setting.name}`" in page


def test_an_unknown_setting_is_an_error(registry: TransportRegistry) -> None:
    with pytest.raises(InvalidSettingsError, match="colour"):
        registry.settings("recording", {"colour": "red"})


@pytest.mark.parametrize("name", ["recording", "recording-fax"])
def test_a_recording_transport_can_be_opened(
    name: str, registry: TransportRegistry
) -> None:
    with registry.open(name, {}) as transport:
        assert SPECS[name] == transport.spec
