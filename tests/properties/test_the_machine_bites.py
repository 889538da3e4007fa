"""
A proof that cannot fail proves nothing: each promise is broken once, and is caught.

Every test here takes one guard out of the real code and lets the machine of
`test_service_machine` find out.  Nothing is shrunk: that it fails is the point.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from eterminservice_core import Outcome, Receipt, Reservation, dispatch, settlement
from eterminservice_core.dispatch import Dispatcher
from eterminservice_core.domain import practice as practices
from eterminservice_core.domain.quota import GAP
from eterminservice_core.storage.memory import attempts
from eterminservice_core.storage.memory.attempts import Attempts
from eterminservice_core.transport import Deadline


Break = Callable[[pytest.MonkeyPatch], None]


def _machine_module() -> Any:
    """
    The neighbouring file, which pytest's importlib mode gives no importable name.
    """
    path = Path(__file__).with_name("test_service_machine.py")
    spec = spec_from_file_location("service_machine", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MACHINE = _machine_module()


def _run(machine: type[Any], *, examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            phases=[Phase.generate],
            derandomize=True,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def the_rule_in_the_store(patch: pytest.MonkeyPatch) -> None:
    """P1: a release without quota checks runs on a store that has none either."""
    patch.setattr(attempts, "admits", lambda *_: True)


def begin_before_deliver(patch: pytest.MonkeyPatch) -> None:
    """P1: the attempt is put on record only after the message has left."""
    receipts: dict[str, Receipt] = {}
    begin = Dispatcher._begin

    def deliver_then_begin(self: Any, prepared: Any) -> Any:
        message = prepared.message
        deadline = Deadline(self.elapsed() + 300, clock=self.elapsed)
        transport = self.transports[message.kind]
        receipts[message.id] = dispatch.carry(transport, message, deadline)
        return begin(self, prepared)

    patch.setattr(Dispatcher, "_begin", deliver_then_begin)
    patch.setattr(Dispatcher, "_deliver", lambda _, message, __: receipts[message.id])


def the_upper_bound_of_a_reservation(patch: pytest.MonkeyPatch) -> None:
    """P1: 24 hours count from the begin, whenever the message left."""

    def too_short(begun_at: Any, *_: Any) -> Reservation:
        return Reservation(begun_at, begun_at + GAP)

    patch.setattr(dispatch, "reserve", too_short)
    patch.setattr(settlement, "reserve", too_short)
    patch.setattr(settlement, "shrunk", lambda reservation, *_: reservation)


def unknown_keeps_its_reservation(patch: pytest.MonkeyPatch) -> None:
    """P1: what nobody knows is treated as not sent."""
    kept = settlement._what_stays_reserved

    def freed(attempt: Any, receipt: Receipt, now: Any) -> Any:
        if receipt.outcome is Outcome.UNKNOWN:
            return None
        return kept(attempt, receipt, now)

    patch.setattr(settlement, "_what_stays_reserved", freed)


def unknown_is_told_again(patch: pytest.MonkeyPatch) -> None:
    """P2: what nobody knows is treated as told."""
    patch.setattr(Attempts, "mark_waiting", Attempts.mark_told)


def repeats_are_marked(patch: pytest.MonkeyPatch) -> None:
    """P3: a notice comes again and says nothing of it."""
    mark = Attempts.mark_waiting

    def unmarked(self: Any, attempt_id: str) -> None:
        mark(self, attempt_id)
        self._change_carried(
            attempt_id, lambda _, kept: evolve(kept, possibly_known=False)
        )

    patch.setattr(Attempts, "mark_waiting", unmarked)


def replacing_is_not_removing(patch: pytest.MonkeyPatch) -> None:
    """P9: the old channel is dropped as soon as its address is replaced."""

    def dropped(practice: Any, contacts: Any) -> Any:
        active = practice.active
        if active is None or contacts.address(active.kind) != active.address:
            return None
        return active

    patch.setattr(practices, "_still_active", dropped)


@pytest.mark.parametrize(
    "broken",
    [
        the_rule_in_the_store,
        begin_before_deliver,
        the_upper_bound_of_a_reservation,
        unknown_keeps_its_reservation,
        unknown_is_told_again,
        repeats_are_marked,
        replacing_is_not_removing,
    ],
    ids=lambda broken: broken.__name__,
)
def test_the_machine_notices_that_a_guard_is_gone(
    broken: Break, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    monkeypatch.setattr(logging.getLogger("eterminservice_core"), "disabled", True)

    with pytest.raises(AssertionError):
        _run(MACHINE.ServiceMachine, examples=1500)


def test_the_machine_notices_that_the_triggers_are_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """P1 on SQLite: with the schema's triggers dropped, the forgetful release wins."""

    class Untriggered(MACHINE.SqliteServiceMachine):  # type: ignore[misc,name-defined]  # loaded by path
        def make_store(self, world: Any) -> Any:
            store = super().make_store(world)
            with store.engine.begin() as connection:
                names = connection.exec_driver_sql(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger'"
                ).scalars()
                for name in names.all():
                    connection.exec_driver_sql(f"DROP TRIGGER {name}")
            return store

    monkeypatch.setattr(logging.getLogger("eterminservice_core"), "disabled", True)

    with pytest.raises(AssertionError):
        _run(Untriggered, examples=1500)
