"""
What is done to all practices at once: importing them, and looking after the schedule.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from attrs import evolve

from .domain.errors import NotFoundError
from .domain.identifiers import BSNR
from .domain.practice import Practice
from .scheduling import observe, reschedule
from .store import Store


ItemT = TypeVar("ItemT")

logger = logging.getLogger("eterminservice_core")

#: Notices or practices kept in one transaction, when there are many.
CHUNK = 500


def in_chunks(items: Iterable[ItemT]) -> Iterator[list[ItemT]]:
    """
    As many at a time as one transaction keeps; the rest is not read yet.
    """
    iterator = iter(items)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def import_practices(store: Store, practices: Iterable[Practice]) -> int:
    """
    Take practices in, or update name, group and master data of those known.

    Returns:
        How many were new.
    """
    return sum(_import(store, chunk) for chunk in in_chunks(practices))


def _import(store: Store, practices: Sequence[Practice]) -> int:
    new = 0
    with store.transaction() as tx:
        observe(tx)
        for practice in sorted(practices, key=lambda it: it.bsnr):
            try:
                known = tx.practice(practice.bsnr)
            except NotFoundError:
                tx.add_practice(practice.prefilled())
                new += 1
                continue
            tx.save_practice(
                evolve(
                    known,
                    name=practice.name,
                    group=practice.group,
                    master=practice.master,
                )
            )
    return new


def sweep(store: Store) -> int:
    """
    Look for notices that wait but are neither due nor held; there should be none.

    Returns:
        How many practices had to be rescheduled.
    """
    mended = 0
    after: BSNR | None = None
    while True:
        with store.transaction() as tx:
            now = observe(tx)
            page = tx.waiting_practices(after=after, limit=CHUNK)
            for bsnr in page:
                before = tx.outlook(bsnr)
                if before.due_at is not None or before.leased_to is not None:
                    continue
                reschedule(tx, tx.practice(bsnr), now)
                mended += tx.outlook(bsnr).due_at is not None
        if len(page) < CHUNK:
            break
        after = page[-1]
    if mended:
        logger.error("waiting notices were not due", extra={"mended": mended})
    return mended
