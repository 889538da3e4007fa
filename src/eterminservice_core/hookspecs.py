"""
The one hook: how a plugin announces its transports.

Hooks announce, objects act: the hook returns specs, and ordinary objects do the work.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pluggy

from .transport import TransportSpec


#: The name of the pluggy project, and of the entry point group in ``pyproject.toml``.
PROJECT = "eterminservice"

hookspec = pluggy.HookspecMarker(PROJECT)
#: Marks a plugin's function as an implementation.
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def provide_transports() -> Iterable[TransportSpec[Any]]:  # type: ignore[empty-body]  # pluggy calls implementations, never the spec
    """
    Announce the transports this plugin offers.

    Called once, when a `TransportRegistry` is built.  Return specs; do not connect,
    read files, or import what only an open transport needs.
    """
