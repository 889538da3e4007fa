"""
What a template may see of an appointment: the minimal content profile, as plain texts.

A template, also an application's own, is given nothing else; so it cannot show a
patient or a whole Vermittlungscode even by mistake (P7).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from attrs import field, frozen

from ..domain.appointment import Site
from ..domain.digest import Digest, DigestLine
from .german import canceller, one_line, span, state_words, urgency_words


@frozen(kw_only=True)
class LineView:
    """
    One appointment for a template; texts are empty where nothing is known.

    Attributes:
        state: Key of the net state, such as ``booked``, for templates with own words.
        state_words: The net state in German.
        is_on: Whether the patient is to be expected.
        when: Day and time, such as ``Mo., 02.03.2026, 09:30–09:55 Uhr``.
        is_past: It passed while the notice waited.
        possibly_known: It stood in a message of which nobody knows whether it arrived.
        cancelled_by: Who gave it back, such as ``durch die Praxis``.
        specialty: Terminprofil or Fachgebiet.
        doctor: The doctor it was booked with.
        urgency: How soon, such as ``dringend``.
        is_video: By video, not on site.
        code: The Vermittlungscode, masked.
    """

    state: str
    state_words: str
    is_on: bool
    when: str
    is_past: bool
    possibly_known: bool
    cancelled_by: str
    specialty: str
    doctor: str = field(repr=False)
    urgency: str
    is_video: bool
    code: str = field(repr=False)


def line_views(digest: Digest, now: datetime, zone: ZoneInfo) -> tuple[LineView, ...]:
    """
    Every line of a digest for a template, by appointment time.
    """
    return tuple(
        _line_view(line, is_past=digest.is_past(line, now), zone=zone)
        for line in _sorted(digest.lines)
    )


def _sorted(lines: Iterable[DigestLine]) -> list[DigestLine]:
    """
    `fold` sorts; a digest made by hand may be in any order.
    """
    return sorted(lines, key=lambda it: (it.appointment.starts_at, it.appointment.id))


def _line_view(line: DigestLine, *, is_past: bool, zone: ZoneInfo) -> LineView:
    appointment = line.appointment
    return LineView(
        state=line.state.value,
        state_words=state_words(line.state),
        is_on=line.state.is_on,
        when=span(appointment.starts_at, appointment.ends_at, zone),
        is_past=is_past,
        possibly_known=line.possibly_known,
        cancelled_by=canceller(line.cancelled_by),
        specialty=one_line(appointment.specialty),
        doctor=one_line(appointment.doctor),
        urgency=urgency_words(appointment.urgency),
        is_video=appointment.site is Site.VIDEO,
        code=appointment.code.masked if appointment.code is not None else "",
    )
