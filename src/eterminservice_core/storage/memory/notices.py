"""
Notices in memory: waiting while they have a sequence, told when they have none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, evolve

from ...domain.appointment import Notice
from ...domain.digest import Untold
from ...domain.errors import NoticeConflictError
from ...domain.identifiers import BSNR
from ...facts import Recording, Waiting
from ...notice_json import to_json
from .books import Books, page
from .tables import Kept, NoticeKey


@define
class Notices(Books):
    """
    The notices of the practices in the books.
    """

    def add_notice(self, notice: Notice) -> Recording:
        """
        Keep a notice, waiting, unless the same is known.
        """
        self.practice(notice.bsnr)
        bsnr, appointment_id = str(notice.bsnr), notice.appointment.id
        identity = self._keys.pseudonym(
            "notice", bsnr, appointment_id, str(notice.version)
        )
        fingerprint = self._keys.pseudonym("content", to_json(notice))
        known = self._state.fingerprints.get(identity)
        if known is not None:
            if known != fingerprint:
                raise NoticeConflictError(appointment_id, notice.version)
            return Recording.KNOWN
        self._state.fingerprints[identity] = fingerprint
        patientless = evolve(
            notice, appointment=evolve(notice.appointment, patient=None)
        )
        key = (appointment_id, notice.version)
        kept = Kept(
            notice=patientless,
            recorded_at=self.now(),
            sequence=self._next_sequence(notice.bsnr),
        )
        self._keep(notice.bsnr, {key: kept})
        return Recording.NEW

    def _kept(self, bsnr: BSNR) -> Mapping[NoticeKey, Kept]:
        return self._state.notices.get(bsnr, {})

    def _keep(self, bsnr: BSNR, changed: Mapping[NoticeKey, Kept]) -> None:
        self._state.notices[bsnr] = {**self._kept(bsnr), **changed}

    def _next_sequence(self, bsnr: BSNR) -> int:
        timetable = self._state.timetables[bsnr]
        sequence = timetable.last_sequence + 1
        self._state.timetables[bsnr] = evolve(timetable, last_sequence=sequence)
        return sequence

    def waiting(self, bsnr: BSNR) -> Sequence[Waiting]:
        """
        The notices that wait, in order of their sequence.
        """
        waiting = [
            Waiting(
                kept.sequence,
                Untold(kept.notice, possibly_known=kept.possibly_known),
                kept.recorded_at,
            )
            for kept in self._kept(bsnr).values()
            if kept.sequence is not None
        ]
        return sorted(waiting, key=lambda item: item.sequence)

    def waiting_practices(self, *, after: BSNR | None, limit: int) -> Sequence[BSNR]:
        """
        A page of the practices that have notices waiting.
        """
        waiting = {
            bsnr
            for bsnr, notices in self._state.notices.items()
            if any(kept.sequence is not None for kept in notices.values())
        }
        return page(waiting, after, limit)

    def told(self, bsnr: BSNR, appointment_ids: Sequence[str]) -> Sequence[Notice]:
        """
        What was told of these appointments.
        """
        return [
            kept.notice
            for (appointment_id, _), kept in self._kept(bsnr).items()
            if appointment_id in appointment_ids and kept.sequence is None
        ]

    def notices(self, bsnr: BSNR) -> Sequence[Notice]:
        """
        All notices kept of a practice.
        """
        self.practice(bsnr)
        return [kept.notice for kept in self._kept(bsnr).values()]
