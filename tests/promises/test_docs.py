"""
What the docs say: every example runs, every link leads somewhere, nothing is left out.
"""

from __future__ import annotations

import doctest
import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import click
import pytest
from sybil import Document, Sybil
from sybil.parsers.myst import PythonCodeBlockParser, SkipParser

import eterminservice_core
import eterminservice_transports
from eterminservice_core import (
    ChannelKind,
    EterminserviceError,
    HeldReason,
    NotificationService,
    Outcome,
    Reason,
    State,
    Step,
    TransportRegistry,
    Wording,
    WorklistReason,
    hookspecs,
)
from eterminservice_core.cli.command import eterminservice
from eterminservice_core.cli.sections import kinds_of
from eterminservice_core.cli.settings import SendingSettings, StoreSettings, load
from eterminservice_core.domain import errors


ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]

#: ``[text](target)``, not an image, not inside code.
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(`{3,})(\w*)[^\n]*\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

every_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix()
)


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return [body for _, name, body in FENCE.findall(text) if name == language]


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """
    The anchors of a page's headings, as MyST and the forges make them.
    """
    headings = HEADING.findall(prose(page))
    return {
        re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")
        for heading in headings
    }


def links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """
    Every link to another place in the repository: as written, its page, its anchor.
    """
    for written in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", written):
            continue
        path, _, anchor = written.partition("#")
        yield written, (page.parent / path).resolve() if path else page, anchor


def rows(page: Path) -> dict[str, str]:
    """
    The tables' rows by the code in their first cell.
    """
    return {
        name: line
        for line in prose(page).splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([^`]+)`", line.split("|")[1])
    }


@every_page
def test_every_example_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A page is one story: its examples run in order, in a folder of their own.
    """
    monkeypatch.chdir(tmp_path)
    parser = PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS)
    document: Document = Sybil([parser, SkipParser()]).parse(page)

    for example in document.examples():
        example.evaluate()


def test_no_example_is_skipped() -> None:
    skipping = [page.name for page in PAGES if "skip:" in page.read_text("utf-8")]

    assert skipping == []


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = [
        written
        for written, target, anchor in links(page)
        if not target.exists() or (anchor and anchor not in anchors(target))
    ]

    assert broken == []


def test_every_page_can_be_reached_from_the_index() -> None:
    reached, to_read = set(), [DOCS / "index.md"]
    while to_read:
        page = to_read.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        to_read += [target for _, target, _ in links(page)]

    assert sorted(set(DOCS.rglob("*.md")) - reached) == []


@pytest.mark.parametrize(
    "page", sorted((DOCS / "how-to").glob("*.md")), ids=lambda page: page.stem
)
def test_a_how_to_page_has_less_than_100_lines(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").splitlines()) < 100


@every_page
def test_every_piece_of_toml_is_toml(page: Path) -> None:
    for block in blocks(page, "toml"):
        tomllib.loads(block)


def commands(page: Path) -> Iterator[list[str]]:
    """
    Every call of the command, in a block or in the text, without its own name.
    """
    shown = "\n".join(blocks(page, "sh"))
    told = "\n".join(re.findall(r"`(eterminservice [^`]+)`", prose(page)))
    for line in f"{shown}\n{told}".splitlines():
        _, found, call = line.partition("eterminservice ")
        if found:
            yield shlex.split(call, comments=True)


@every_page
def test_every_command_exists_with_its_options(page: Path) -> None:
    for words in commands(page):
        found: click.Command = eterminservice
        while isinstance(found, click.Group) and words[0][:2] != "--":
            found = found.commands[words.pop(0)]
        known = {name for option in found.params for name in option.opts}
        assert {word for word in words if word.startswith("--")} <= known


@every_page
def test_no_page_names_a_machine_or_a_registry(page: Path) -> None:
    """
    Paths of somebody's machine and hosts of registries age badly.
    """
    text = page.read_text(encoding="utf-8")

    assert re.findall(r"/work/|/home/|/tmp/|/root/|pypi\.org", text) == []


def every_error() -> list[type]:
    found = [EterminserviceError]
    for error in found:
        found += error.__subclasses__()
    return [error for error in found if error.__module__ == "eterminservice_core"]


def test_every_error_is_documented() -> None:
    documented = rows(DOCS / "reference" / "errors.md")

    assert set() == {error.__name__ for error in every_error()} - set(documented)


def test_every_attribute_of_an_error_is_documented() -> None:
    documented = rows(DOCS / "reference" / "errors.md")
    missing = [
        f"{error.__name__}.{name}"
        for error in every_error()
        if "__init__" in vars(error)
        for name in re.findall(
            r"self\.(\w+) =", inspect.getsource(vars(error)["__init__"])
        )
        if f"`{name}`" not in documented[error.__name__]
    ]

    assert missing == []


def test_the_docs_draw_the_same_tree_of_errors_as_the_code() -> None:
    drawn = blocks(DOCS / "reference" / "errors.md", "text")[0]

    assert indent(drawn, "    ") in (errors.__doc__ or "")


def hooks() -> dict[str, object]:
    return {
        name: value
        for name, value in vars(hookspecs).items()
        if hasattr(value, f"{hookspecs.PROJECT}_spec")
    }


def test_every_hook_has_a_heading_and_its_signature_in_the_docs() -> None:
    page = DOCS / "reference" / "hooks.md"
    signatures = blocks(page, "text")

    assert hooks()
    for name, hook in hooks().items():
        assert callable(hook)
        signature = f"{name}{inspect.signature(hook)}".replace("'", "")
        assert name in HEADING.findall(prose(page))
        assert f"{signature}\n" in signatures


def test_every_hook_is_described_in_the_words_of_its_docstring() -> None:
    text = " ".join(prose(DOCS / "reference" / "hooks.md").split())

    for hook in hooks().values():
        assert " ".join((inspect.getdoc(hook) or "").split()) in text


def test_every_public_name_is_in_the_reference() -> None:
    text = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)", text))
    public = {
        name
        for name in eterminservice_core.__all__
        if not (
            isinstance(value := getattr(eterminservice_core, name), type)
            and issubclass(value, EterminserviceError)
        )
    }

    assert set() == public - named


def test_every_use_case_is_in_the_reference() -> None:
    documented = rows(DOCS / "reference" / "api.md")
    use_cases = {
        name
        for name, value in vars(NotificationService).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }

    assert set() == use_cases - {name.partition("(")[0] for name in documented}


@pytest.mark.parametrize(
    ("page", "enum"),
    [
        ("explanation/delivery-guarantees.md", Outcome),
        ("explanation/delivery-guarantees.md", Reason),
        ("reference/states.md", State),
        ("reference/states.md", Step),
        ("how-to/read-the-worklist.md", WorklistReason),
        ("how-to/read-the-worklist.md", HeldReason),
    ],
)
def test_every_word_a_log_or_a_page_can_show_is_explained(
    page: str, enum: type[Outcome]
) -> None:
    text = prose(DOCS / page).lower()

    assert [member.value for member in enum if f"| {member.value} " not in text] == []


def test_every_setting_is_documented() -> None:
    documented = set(rows(DOCS / "reference" / "settings.md"))

    for section in (StoreSettings, SendingSettings, Wording):
        assert set(kinds_of(section)) - documented == set()


@every_page
def test_settings_in_the_docs_work(page: Path, tmp_path: Path) -> None:
    file = tmp_path / "eterminservice.toml"
    (tmp_path / "relay.password").write_text("open sesame\n", "utf-8")
    registry = TransportRegistry.from_plugins(eterminservice_transports)

    for block in blocks(page, "toml"):
        if "[transports." in block:
            file.write_text(block, "utf-8")
            assert load(file, {}, registry).transports[ChannelKind.EMAIL].use == "smtp"


def test_the_reference_shows_settings_that_work() -> None:
    assert "[transports." in blocks(DOCS / "reference" / "settings.md", "toml")[0]


def test_every_event_in_the_log_is_explained() -> None:
    core = Path(eterminservice_core.__file__).parent
    sources = [file.read_text("utf-8") for file in core.glob("*.py")]
    events = re.findall(r'logger\.\w+\(\s*"([^"%]+)', "\n".join(sources))
    explained = "\n".join(rows(DOCS / "how-to" / "run-the-worker.md"))

    assert events
    assert [event for event in events if event not in explained] == []
