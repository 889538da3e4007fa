"""
Fixed width: fold text so that it reads well on a phone and is never cut off on paper.

Templates write one paragraph a line; every line they give is folded here, so also an
application's own template cannot push a notice over the edge of a fax page.
"""

from __future__ import annotations

from textwrap import TextWrapper


#: Characters a line should have at most: what a phone shows without scrolling.
COMFORTABLE = 60
#: Characters a line may have at most: what a fax page shows in a readable size.
LONGEST = 72


def fold_lines(text: str) -> str:
    """
    Fold every line between words, keeping its indentation; end with one newline.

    A word too long for `COMFORTABLE` keeps whole up to `LONGEST` (an address of the
    portal must not be broken) and is broken only beyond.  Several empty lines become
    one.

    >>> print(fold_lines("  " + "Termin " * 9), end="")
      Termin Termin Termin Termin Termin Termin Termin Termin
      Termin
    """
    folded: list[str] = []
    for line in text.splitlines():
        pieces = _fold(line.rstrip())
        if pieces == [""] and folded[-1:] in ([], [""]):
            continue
        folded += pieces
    return "\n".join(folded).rstrip("\n") + "\n"


def _fold(line: str) -> list[str]:
    if len(line) <= COMFORTABLE:
        return [line]
    words = line.lstrip()
    # An indentation deeper than half a line would leave no room for words.
    indent = " " * min(len(line) - len(words), COMFORTABLE // 2)
    between_words = _wrapper(COMFORTABLE, indent, break_words=False).wrap(words)
    inside_words = _wrapper(LONGEST, indent, break_words=True)
    return [
        piece
        for whole in between_words
        for piece in (
            [whole] if len(whole) <= LONGEST else inside_words.wrap(whole.lstrip())
        )
    ]


def _wrapper(width: int, indent: str, *, break_words: bool) -> TextWrapper:
    return TextWrapper(
        width=width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=break_words,
        break_on_hyphens=False,
    )
