"""
What the SMTP transport can be told, and what it refuses to be told.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eterminservice_core.domain.errors import InvalidSettingsError
from eterminservice_transports import Security, SmtpSettings
from eterminservice_transports.smtp import open_smtp


def make(**changes: Any) -> SmtpSettings:
    return SmtpSettings(
        **({"host": "relay.kv.example", "sender": "kv@kv.example"} | changes)
    )


def wrong(**changes: Any) -> list[str]:
    """
    The settings that are complained about.
    """
    with pytest.raises(InvalidSettingsError) as caught:
        make(**changes)
    return [problem.rpartition("$.")[2] for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("security", "port"), [("implicit", 465), ("starttls", 587), ("none", 25)]
)
def test_the_port_follows_the_security(security: str, port: int) -> None:
    settings = make(security=security, host="localhost")

    assert (settings.security, settings.port) == (Security(security), port)


def test_by_default_everything_is_encrypted_from_the_first_byte() -> None:
    assert make().security is Security.IMPLICIT


def test_bounces_go_to_the_sender_unless_told_otherwise() -> None:
    assert make().envelope_sender == "kv@kv.example"
    assert make(envelope_sender="b@kv.example").envelope_sender == "b@kv.example"


def test_the_name_of_this_machine_is_told_to_nobody() -> None:
    assert make().hello_name == "[127.0.0.1]"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("host", ""),
        ("host", "two words"),
        ("host", ".leading.example"),
        ("host", "a..b"),
        ("host", "kv.example\r\n"),
        ("port", 0),
        ("port", 65_536),
        ("security", "ssl"),
        ("username", "kv"),
        ("password", "geheim"),
        ("sender", "kv"),
        ("sender", "kv@kv.example\r\nRCPT TO:<stranger@elsewhere.example>"),
        ("sender_name", "KV\r\nBcc: stranger@elsewhere.example"),
        ("reply_to", "kv"),
        ("envelope_sender", ""),
        ("hello_name", "two words"),
        ("hello_name", "kv.example\r\nMAIL FROM:<>"),
        ("timeout", 0.0),
        ("timeout", -1.0),
        ("timeout", float("nan")),
        ("timeout", float("inf")),
    ],
)
def test_what_cannot_be_right_is_refused(name: str, value: object) -> None:
    blamed = "username" if name == "password" else name

    assert wrong(**{name: value}) == [blamed]


def test_a_login_has_no_nul() -> None:
    """
    NUL parts name and password in AUTH PLAIN.
    """
    assert wrong(username="kv\0kv", password="geheim") == ["username"]
    assert wrong(username="kv", password="geheim\0") == ["username"]


@pytest.mark.parametrize("host", ["relay.kv.example", "192.0.2.1", "::ffff:192.0.2.1"])
def test_clear_text_goes_to_this_machine_only_unless_told_otherwise(host: str) -> None:
    assert wrong(security="none", host=host) == ["security"]
    assert make(security="none", host=host, allow_cleartext=True).port == 25


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1"]
)
def test_clear_text_may_go_to_this_machine(host: str) -> None:
    assert make(security="none", host=host).host == host


def test_all_problems_are_told_at_once_and_no_value() -> None:
    sentinel = "sentinel sentinel"
    with pytest.raises(InvalidSettingsError) as caught:
        make(host=sentinel, sender=sentinel, hello_name=sentinel, username=sentinel)

    assert len(caught.value.problems) == 4
    assert "sentinel" not in str(caught.value)


def test_no_secret_shows() -> None:
    shown = repr(make(username="sentinel-user", password="sentinel-password"))

    assert "sentinel" not in shown


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_a_file_without_certificates_is_told_when_it_is_opened(
    text: str | None, tmp_path: Path
) -> None:
    ca_file = tmp_path / "ca.pem"
    if text is not None:
        ca_file.write_text(text, encoding="ascii")

    with pytest.raises(InvalidSettingsError, match=r"\$\.ca_file"):
        open_smtp(make(ca_file=ca_file)).__enter__()


def test_opening_connects_to_nobody() -> None:
    """
    The relay need not be up when a worker starts: nothing is listening on port 1.
    """
    settings = make(host="127.0.0.1", port=1, security="none")
    with open_smtp(settings) as transport:
        assert callable(transport.deliver)
