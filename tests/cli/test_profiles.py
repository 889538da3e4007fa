"""
`practice`, `profile` and `confirm`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from eterminservice_core.cli.exit_codes import ExitCode

from .conftest import MORE, REGISTER, TOPP, Command, last_code, lines, mails


EMAIL = "anmeldung@praxis.example"


# Practices


def test_practices_are_imported_and_brought_up_to_date(
    command: Command, store: Path
) -> None:
    assert store.is_dir()
    changed = {**REGISTER[0], "name": "Praxis Topp und Kollegen"}

    answer = command("practice", "import", "-", stdin=lines(changed))

    assert answer.code == ExitCode.DONE
    assert answer.out == "1 practice taken (0 new, 1 updated)\n"
    assert "Topp und Kollegen" in command("practice", "show", TOPP).out


def test_a_bad_practice_is_named_by_its_line_and_stops_no_other(
    command: Command, folder: Path
) -> None:
    command("init")
    (folder / "register.jsonl").write_bytes(
        lines({"bsnr": "1", "name": "x", "group": "doctors"}) + lines(REGISTER[1])
    )

    answer = command("practice", "import", "register.jsonl", "--json")

    assert answer.code == ExitCode.REFUSED
    assert answer.err.startswith("eterminservice: line 1: a BSNR has nine digits")
    assert answer.json["new"] == 1
    assert [it["line"] for it in answer.json["refused"]] == [1]


def test_a_profile_is_shown_with_masked_addresses(
    command: Command, joined: Path
) -> None:
    assert joined.is_dir()
    shown = command("practice", "show", TOPP)

    assert shown.code == ExitCode.DONE
    assert "Praxis Topp" in shown.out
    assert "a…g@p….example" in shown.out
    assert "+49 89 …23" in shown.out
    assert "kein Versandweg für Faxe eingerichtet" in shown.out
    assert EMAIL not in shown.out


def test_a_profile_is_shown_as_json(command: Command, joined: Path) -> None:
    assert joined.is_dir()
    shown = command("practice", "show", TOPP, "--json").json

    assert shown == {
        "bsnr": TOPP,
        "name": "Praxis Topp",
        "group": "psychotherapists",
        "phone": "089 99998-001",
        "entered": {"email": "a…g@p….example", "fax": "+49 89 …23"},
        "options": {
            "email": "can be selected",
            "fax": "kein Versandweg für Faxe eingerichtet",
        },
        "selected": "email",
        "selected_address": "a…g@p….example",
        "state": "verified",
        "was_refused": False,
        "locked_until": None,
        "active_address": "a…g@p….example",
        "window": {"opens": "20:00", "closes": "06:00", "zone": "Europe/Berlin"},
        "revision": shown["revision"],
    }


def test_a_practice_that_is_not_there_has_an_exit_code_of_its_own(
    command: Command, store: Path
) -> None:
    assert store.is_dir()
    for call in (("practice", "show"), ("why",), ("profile", "save")):
        answer = command(*call, "241234602")

        assert answer.code == ExitCode.NOT_FOUND
        assert answer.err == "eterminservice: no practice '241234602'\n"


def test_a_bsnr_that_cannot_be_one_is_a_usage_error(command: Command) -> None:
    answer = command("practice", "show", "4711")

    assert answer.code == ExitCode.USAGE
    assert "a BSNR has nine digits" in answer.err


# Profiles


def test_saving_sends_a_code_and_shows_what_a_portal_shows(
    command: Command, store: Path
) -> None:
    answer = command("profile", "save", TOPP, "--email", EMAIL, "--select", "email")

    assert answer.code == ExitCode.DONE
    assert answer.out.startswith("Ein Bestätigungscode ist an die E-Mail-Adresse a…g@")
    assert EMAIL not in answer.out + answer.err
    assert len(mails(store)) == 1


def test_what_is_not_mentioned_stays_as_it_is(command: Command, joined: Path) -> None:
    """
    The dialog is saved as a whole all the same.
    """
    answer = command("profile", "save", TOPP, "--fax", "030 23125 999", "--json").json

    assert answer["effect"] == "unchanged"
    assert answer["code_sent"] is False
    assert answer["profile"]["entered"] == {
        "email": "a…g@p….example",
        "fax": "+49 30 …99",
    }
    assert answer["profile"]["selected"] == "email"
    assert len(mails(joined)) == 1


def test_a_field_can_be_emptied(command: Command, joined: Path) -> None:
    assert joined.is_dir()
    emptied = command(
        *("profile", "save", TOPP, "--clear-email", "--clear-fax"),
        *("--select", "none", "--json"),
    ).json

    assert emptied["effect"] == "silenced"
    assert emptied["profile"]["entered"] == {"email": None, "fax": None}
    assert emptied["profile"]["active_address"] is None


def test_a_channel_without_an_address_cannot_be_selected(
    command: Command, store: Path
) -> None:
    assert store.is_dir()
    answer = command("profile", "save", TOPP, "--select", "email")

    assert answer.code == ExitCode.REFUSED
    assert "no email address is entered" in answer.err


def test_a_channel_without_a_transport_cannot_be_selected(
    command: Command, store: Path
) -> None:
    assert store.is_dir()
    answer = command("profile", "save", TOPP, "--select", "fax")

    assert answer.code == ExitCode.REFUSED
    assert "no transport is set up for it" in answer.err


@pytest.mark.parametrize(
    "option", [("--email", "anmeldung-at-praxis"), ("--fax", "0900 123456")]
)
def test_an_address_that_cannot_be_one_is_a_usage_error_that_does_not_quote_it(
    command: Command, store: Path, option: tuple[str, str]
) -> None:
    assert store.is_dir()
    answer = command("profile", "save", TOPP, *option)

    assert answer.code == ExitCode.USAGE
    assert option[0] in answer.err
    assert option[1] not in answer.err


def test_a_number_kept_for_films_passes_only_where_the_settings_say_so(
    command: Command, store: Path
) -> None:
    settings = store / "eterminservice.toml"
    settings.write_text(settings.read_text().replace("= true", "= false"))

    answer = command("profile", "save", TOPP, "--fax", "030 23125 999")

    assert answer.code == ExitCode.USAGE


@pytest.mark.parametrize(
    "both", [("--email", EMAIL, "--clear-email"), ("--fax", "030 1", "--clear-fax")]
)
def test_a_field_cannot_be_entered_and_emptied_at_once(
    command: Command, store: Path, both: tuple[str, ...]
) -> None:
    assert store.is_dir()
    assert command("profile", "save", TOPP, *both).code == ExitCode.USAGE


def test_somebody_elses_change_is_not_saved_over(command: Command, store: Path) -> None:
    assert store.is_dir()
    revision = command("practice", "show", TOPP, "--json").json["revision"]
    command("profile", "save", TOPP, "--email", EMAIL)

    answer = command(
        "profile", "save", TOPP, "--clear-fax", "--revision", str(revision)
    )

    assert answer.code == ExitCode.REFUSED
    assert "somebody else saved this profile" in answer.err


def test_a_code_that_could_not_be_sent_has_the_exit_code_of_transports(
    command: Command, store: Path
) -> None:
    """
    What was entered is saved; the portal is told to try again.
    """
    settings = store / "eterminservice.toml"
    smtp = 'use = "smtp"\nhost = "localhost"\nport = 1\nsecurity = "none"'
    settings.write_text(
        settings.read_text().replace('use = "directory"\npath = "outbox"', smtp)
    )

    answer = command("profile", "save", TOPP, "--email", EMAIL, "--select", "email")

    assert answer.code == ExitCode.TRANSPORT
    assert "konnte nicht" in answer.out
    assert EMAIL not in answer.out + answer.err


def test_a_transport_that_cannot_be_opened_is_named(
    command: Command, store: Path
) -> None:
    (store / "outbox").rmdir()

    answer = command("profile", "save", TOPP, "--email", EMAIL, "--select", "email")

    assert answer.code == ExitCode.USAGE
    assert "expected an existing directory @ $.path" in answer.err
    assert command("worklist").code == ExitCode.DONE, "looking needs no transport"


# Codes


def test_a_code_is_taken_in(command: Command, store: Path) -> None:
    command("profile", "save", TOPP, "--email", EMAIL, "--select", "email")

    answer = command("confirm", TOPP, last_code(store))

    assert answer.code == ExitCode.DONE
    assert answer.out == "confirmed: digests now go to a…g@p….example\n"


def test_a_code_can_come_from_standard_input(command: Command, store: Path) -> None:
    """
    There it stands in no history of a shell.
    """
    command("profile", "save", TOPP, "--email", EMAIL, "--select", "email")
    code = last_code(store)

    answer = command("confirm", TOPP, "--json", stdin=f"{code}\n".encode())

    assert answer.json["state"] == "verified"


@pytest.mark.parametrize("code", ["BBBB-BBBB", "1234", ""])
def test_a_wrong_code_has_an_exit_code_of_its_own(
    command: Command, store: Path, code: str
) -> None:
    assert store.is_dir()
    command("profile", "save", TOPP, "--email", EMAIL, "--select", "email")

    answer = command("confirm", TOPP, stdin=f"{code}\n".encode())

    assert answer.code == ExitCode.VERIFICATION
    assert len(answer.err.splitlines()) == 1
    assert not code or code not in answer.err


def test_guessing_ends_in_a_lock(command: Command, store: Path) -> None:
    assert store.is_dir()
    command("profile", "save", TOPP, "--email", EMAIL, "--select", "email")

    answers = [command("confirm", TOPP, "BBBB-BBBB") for _ in range(6)]

    assert {answer.code for answer in answers} == {ExitCode.VERIFICATION}
    assert "locked until" in answers[-1].err
    assert "locked until 2026-03-03 12:00" in command("practice", "show", TOPP).out


def test_too_many_codes_have_the_same_exit_code(command: Command, store: Path) -> None:
    assert store.is_dir()
    for number in range(10):
        select = ("--email", f"a{number}@praxis.example", "--select", "email")
        assert command("profile", "save", MORE, *select).code == ExitCode.DONE

    answer = command(
        "profile", "save", MORE, "--email", "b@praxis.example", "--select", "email"
    )

    assert answer.code == ExitCode.VERIFICATION
    assert "enough codes" in answer.err
