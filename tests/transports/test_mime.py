"""
Messages as the bytes of mails.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies

from eterminservice_core.domain.address import EmailAddress
from eterminservice_core.domain.errors import UnsupportedMessageError
from eterminservice_core.domain.message import Message
from eterminservice_transports.header_text import is_header_text
from eterminservice_transports.mime import address_for, build


MakeMessage = Callable[..., Message]
KEEPING_FIXTURES = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


def written(message: Message, **changes: str) -> bytes:
    given = {
        "transport": "smtp",
        "recipient": address_for(message, transport="smtp"),
        "sender": "kv@kv.example",
    }
    return build(message, **(given | changes))


def read(mail: bytes) -> EmailMessage:
    return message_from_bytes(mail, policy=policy.default)


def field(mail: bytes, name: str) -> str:
    """
    A field of the header as RFC 5322 unfolds and RFC 2047 decodes it.
    """
    head = mail.partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n ", " ")
    found = re.findall(rf"^{name}: ?(.*)$", head, re.MULTILINE)
    assert len(found) == 1
    return str(make_header(decode_header(found[0].rstrip("\r"))))


def test_the_header_says_what_a_mail_must_say(message: Message) -> None:
    mail = read(
        written(
            message,
            sender_name="KV Süd, Körperschaft",
            reply_to="service@kv.example",
        )
    )

    assert dict(mail.items()) == {
        "From": '"KV Süd, Körperschaft" <kv@kv.example>',
        "To": "anmeldung@praxis.example",
        "Reply-To": "service@kv.example",
        "Subject": "eTerminservice der Kassenärztlichen Vereinigungen",
        "Date": "Mon, 02 Mar 2026 01:30:00 +0000",
        "Message-ID": "<attempt-1@kv.example>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "de",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
    }


def test_a_long_name_arrives(message: Message) -> None:
    name = (
        "Terminservicestelle der Kassenärztlichen Vereinigung Musterland-Süd,"
        " Körperschaft des öffentlichen Rechts"
    )

    mail = written(message, sender_name=name)

    assert field(mail, "From") == f"{name} <kv@kv.example>"


def test_without_a_name_and_another_address_for_answers_there_is_none(
    message: Message,
) -> None:
    mail = read(written(message))

    assert mail["From"] == "kv@kv.example"
    assert mail["Reply-To"] is None


def test_the_subject_is_utf_8_in_encoded_words(message: Message) -> None:
    """
    R9 with its umlaut: encoded words (RFC 2047), never raw octets.
    """
    mail = written(message)

    assert b"Subject: eTerminservice der =?utf-8?q?Kassen=C3=A4rztlichen?=" in mail
    assert message.subject == field(mail, "Subject")


def test_text_and_html_are_alternatives(make_message: MakeMessage) -> None:
    mail = read(written(make_message(html="<p>Müller &amp; Söhne</p>\n")))

    assert mail.get_content_type() == "multipart/alternative"
    assert mail["Content-Language"] == "de"
    text, html = mail.iter_parts()
    assert (
        text.get_content_type(),
        html.get_content_type(),
    ) == ("text/plain", "text/html")
    assert text.get_content() == "Neu gebucht: Mo., 02.03.2026, 09:30 Uhr\r\n"
    assert html.get_content() == "<p>Müller &amp; Söhne</p>\r\n"


def test_one_message_gives_the_same_bytes_each_time(make_message: MakeMessage) -> None:
    message = make_message(html="<p>a</p>")

    assert written(message) == written(message)
    assert written(message) != written(
        make_message(html="<p>a</p>", message_id="<b@c>")
    )


def test_a_local_time_is_written_with_its_offset(make_message: MakeMessage) -> None:
    created_at = datetime.fromisoformat("2026-03-29T03:30:00+02:00")

    mail = read(written(make_message(created_at=created_at)))

    assert created_at == mail["Date"].datetime.astimezone(UTC)


def test_a_domain_with_umlauts_is_written_in_ascii(make_message: MakeMessage) -> None:
    message = make_message(address=EmailAddress("anmeldung@ärzte.example"))

    mail = written(message, sender="kv@kassenärzte.example")

    assert b"To: anmeldung@xn--rzte-koa.example\r\n" in mail
    assert b"From: kv@xn--kassenrzte-v5a.example\r\n" in mail


def assert_fit_for_every_server(mail: bytes) -> None:
    assert mail.isascii()
    assert mail.endswith(b"\r\n")
    lines = mail.split(b"\r\n")
    assert max(map(len, lines)) < 998
    assert not [line for line in lines if b"\r" in line or b"\n" in line]


@KEEPING_FIXTURES
@given(
    text=strategies.text(strategies.characters(exclude_categories=["Cs"])),
    html=strategies.none() | strategies.text(strategies.characters(codec="utf-8")),
)
@example(text="a" * 5_000, html="ä" * 5_000)
@example(text=".\n..\n.\r\n\r\rFrom x\n \n=\n=_", html="--=_\n")
@example(text="Straße …\x85\u2028\u2029\x0b\x0c\x1c\x00\n", html=None)
def test_every_text_arrives(
    text: str, html: str | None, make_message: MakeMessage
) -> None:
    mail = written(make_message(text=text, html=html))

    assert_fit_for_every_server(mail)
    parts = [part for part in read(mail).walk() if not part.is_multipart()]
    for sent, part in zip((text, html), parts, strict=html is not None):
        octets = (sent or "").encode()
        lines = b"\r\n".join([*octets.splitlines(), b""])
        # An empty text is an empty line to `email`.
        assert part.get_payload(decode=True) in {lines, b"\r\n"}


header_text = strategies.text(
    strategies.characters(exclude_categories=["C", "Z"], include_characters=" \u00a0")
).filter(is_header_text)


@KEEPING_FIXTURES
@given(subject=header_text, name=header_text)
@example(subject="ä" * 300, name="ö" * 200)
@example(subject="a" * 2_000, name="b" * 2_000)
@example(
    subject="eTerminservice der Kassenärztlichen Vereinigungen",
    name="Terminservicestelle der Kassenärztlichen Vereinigung Musterland-Süd,"
    " Körperschaft des öffentlichen Rechts <stranger@elsewhere.example>",
)
def test_what_stands_in_the_header_stays_where_it_is(
    subject: str, name: str, make_message: MakeMessage
) -> None:
    """
    One sender, one recipient, the fields there are and no other.
    """
    mail = written(make_message(subject=subject), sender_name=name)

    names = re.findall(rb"^([A-Za-z-]+):", mail.partition(b"\r\n\r\n")[0], re.MULTILINE)
    assert sorted(read(written(make_message())).keys()) == sorted(
        name.decode() for name in names
    )
    assert [it.addr_spec for it in read(mail)["From"].addresses] == ["kv@kv.example"]
    assert " ".join(subject.split()) == " ".join(field(mail, "Subject").split())


@pytest.mark.parametrize(
    "text",
    [
        "a\r\nBcc: stranger@elsewhere.example",
        "a\nb",
        "a\rb",
        "a\x00b",
        "a\x85b",
        "a\u2028b",
        "a\ud800b",
        # CVE-2024-6923: decoded and written as it is by `email` before Python 3.12.5.
        "=?utf-8?q?a=0ABcc=3A_stranger=40elsewhere=2Eexample?=",
    ],
)
@pytest.mark.parametrize("part", ["subject", "message_id"])
def test_nothing_begins_another_field_of_the_header(
    part: str, text: str, make_message: MakeMessage
) -> None:
    message = make_message(**{part: text})

    with pytest.raises(UnsupportedMessageError) as caught:
        written(message)

    assert "elsewhere" not in str(caught.value)


@pytest.mark.parametrize("part", ["text", "html"])
def test_a_text_that_is_no_unicode_is_refused_without_quoting_it(
    part: str, make_message: MakeMessage
) -> None:
    message = make_message(**{part: "sentinel \ud800"})

    with pytest.raises(UnsupportedMessageError) as caught:
        written(message)

    assert caught.value.__cause__ is None
    assert "sentinel" not in str(caught.value)
