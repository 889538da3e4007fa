"""
Fixed width: what a phone and a fax page can show.
"""

from __future__ import annotations

from hypothesis import given, strategies as st

from eterminservice_core.rendering.columns import COMFORTABLE, LONGEST, fold_lines


@given(st.text())
def test_folding_keeps_every_word_and_the_width(text: str) -> None:
    folded = fold_lines(text)

    assert "".join(folded.split()) == "".join(text.split())
    assert all(len(it) <= LONGEST for it in folded.split("\n"))
    assert folded.endswith("\n")
    assert "\n\n\n" not in folded


def test_folding_prefers_the_comfortable_width_and_keeps_indentation() -> None:
    folded = fold_lines("  " + "Wort " * 30)

    assert {len(it) for it in folded.splitlines()[:-1]} == {COMFORTABLE - 4}
    assert all(it.startswith("  Wort") for it in folded.splitlines())


def test_folding_leaves_an_address_of_up_to_72_characters_whole() -> None:
    address = "https://portal.example/" + "x" * (LONGEST - 23)

    assert fold_lines(f"Siehe {address}") == f"Siehe\n{address}\n"
