"""
The HTML: accessible, the same words as the text, for any digest.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st

from eterminservice_core.domain.address import ChannelKind
from eterminservice_core.domain.appointment import (
    Appointment,
    CancelledBy,
    Site,
    Urgency,
)
from eterminservice_core.domain.digest import Digest, DigestLine, LineState
from eterminservice_core.domain.identifiers import BSNR
from eterminservice_core.domain.practice import PracticeGroup
from eterminservice_core.rendering import (
    ConfirmationContent,
    DigestContent,
    Renderer,
    Wording,
)
from eterminservice_core.rendering.columns import LONGEST


BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = datetime.fromisoformat("2026-03-01T23:10Z")
RENDERER = Renderer()


def digest_content(
    *lines: DigestLine,
    name: str = "Praxis Töpp & Söhne, Weißgasse",
    group: PracticeGroup = PracticeGroup.DOCTORS,
) -> DigestContent:
    return DigestContent(
        digest=Digest(lines),
        practice_name=name,
        bsnr=BSNR("391234511"),
        group=group,
        now=NIGHT,
        message_number="7f3a21bc",
    )


def confirmation_content(
    kind: ChannelKind = ChannelKind.EMAIL,
    group: PracticeGroup = PracticeGroup.DOCTORS,
) -> ConfirmationContent:
    return ConfirmationContent(
        kind=kind,
        code="BCDF-GHJK",
        practice_name="Praxis Topp",
        group=group,
        valid_until=datetime.fromisoformat("2026-03-03T08:30Z"),
    )


FULL = DigestLine(
    appointment=Appointment(
        "a-1",
        starts_at="2026-03-02T09:30+01:00",
        ends_at="2026-03-02T09:55+01:00",
        specialty="Orthopädie",
        doctor="Dr. Groß",
        urgency=Urgency.URGENT,
        site=Site.VIDEO,
        code="XN6P-F4HP-Z5KX",
    ),
    state=LineState.BOOKED,
)
PAST = DigestLine(
    appointment=Appointment(
        "a-2", starts_at="2026-03-01T08:00+01:00", specialty="Augenheilkunde"
    ),
    state=LineState.CANCELLED,
    cancelled_by=CancelledBy.PATIENT,
    possibly_known=True,
)


class Page(HTMLParser):
    """
    What a mail program makes of the HTML.

    Its elements, and the text of its body without the heads of columns.
    """

    VOID = frozenset({"br", "meta"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.pieces).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "thead", "title"} & set(self._open):
            self.pieces.append(data)


def test_html_is_accessible_and_loads_nothing() -> None:
    page = Page(RENDERER.digest(digest_content(FULL, PAST)).html)
    tags = [tag for tag, _ in page.tags]
    heads = [attributes["scope"] for tag, attributes in page.tags if tag == "th"]

    assert ("html", {"lang": "de"}) in page.tags
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in page.tags
    assert heads == ["col", "col", "row"] * 2
    assert not {"img", "script", "link", "iframe", "object"} & set(tags)
    assert not [it for _, it in page.tags if {"src", "href", "onload"} & set(it)]


def contrast(one: str, other: str) -> float:
    """
    WCAG 2.2 contrast ratio of two colors like #1a1a1a.
    """

    def luminance(color: str) -> float:
        shares = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [
            it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4
            for it in shares
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_colors_have_the_best_contrast_class_by_day_and_in_the_dark() -> None:
    """
    WCAG 2.2 asks for 7 in its class AAA.
    """
    html = RENDERER.digest(digest_content(FULL)).html
    bodies = re.findall(r"background: (#\w+); color: (#\w+);", html)
    links = re.findall(r"a \{ color: (#\w+);", html)

    assert len(bodies) == len(links) == 2
    for (background, text), link in zip(bodies, links, strict=True):
        assert contrast(background, text) >= 7
        assert contrast(background, link) >= 7


def test_html_says_word_for_word_what_the_text_says() -> None:
    renderer = Renderer(Wording(portal_url="https://portal.example/praxis"))

    for rendered in (
        renderer.digest(digest_content(FULL, PAST)),
        renderer.confirmation(confirmation_content()),
    ):
        said = rendered.text.replace("-" * 60, "").casefold()

        assert Page(rendered.html).text.casefold().split() == said.split()


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], include_characters=" "),
    max_size=200,
)
nasty = st.sampled_from(
    ["<script>alert(1)</script>", "{{ header }}", "&amp;", '"><b>', "a" * 150, "ß" * 73]
)
instants = st.datetimes(
    min_value=datetime(2017, 1, 1),  # noqa: DTZ001 — hypothesis adds the zone
    max_value=datetime(2037, 1, 1),  # noqa: DTZ001 — as above
    timezones=st.just(UTC),
)


@st.composite
def digest_lines(draw: st.DrawFn) -> DigestLine:
    starts_at = draw(instants)
    state = draw(st.sampled_from(LineState))
    length = draw(st.none() | st.timedeltas(timedelta(minutes=1), timedelta(days=2)))
    return DigestLine(
        appointment=Appointment(
            draw(st.uuids()).hex,
            starts_at=starts_at,
            ends_at=None if length is None else starts_at + length,
            specialty=draw(words | nasty),
            doctor=draw(words | nasty),
            urgency=draw(st.none() | st.sampled_from(Urgency)),
            site=draw(st.sampled_from(Site)),
            code=draw(st.none() | st.just("28QN-5AHK-VAZD")),
        ),
        state=state,
        cancelled_by=None if state.is_on else draw(st.sampled_from(CancelledBy)),
        possibly_known=draw(st.booleans()),
    )


@settings(deadline=None)
@given(st.lists(digest_lines(), min_size=1, max_size=6), words | nasty)
def test_any_digest_keeps_its_width_tells_every_time_and_escapes(
    lines: list[DigestLine], name: str
) -> None:
    rendered = RENDERER.digest(digest_content(*lines, name=name))
    page = Page(rendered.html)
    times = [
        f"{it.appointment.starts_at.astimezone(BERLIN):%d.%m.%Y, %H:%M}" for it in lines
    ]

    assert max(len(it) for it in rendered.text.split("\n")) <= LONGEST
    for time in times:
        assert rendered.text.count(f"., {time}") >= times.count(time)
        assert page.text.count(f"., {time}") >= times.count(time)
    # Whatever a name says, it makes no element.
    assert {tag for tag, _ in page.tags} <= {
        *("html", "head", "meta", "title", "style", "body", "main", "footer"),
        *("h1", "h2", "p", "br", "strong"),
        *("table", "caption", "thead", "tbody", "tr", "th", "td"),
    }
    assert page.tags.count(("th", {"scope": "row"})) == len(lines)
    assert "".join(rendered.text.split()).count("28QN-****-****") == sum(
        it.appointment.code is not None for it in lines
    )
