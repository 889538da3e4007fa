"""
The settings of the command: every problem is named, all at once, and no value quoted.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from datetime import time
from pathlib import Path

import pytest
from attrs import frozen

from eterminservice_core import (
    ChannelKind,
    InvalidSettingsError,
    SendWindow,
    TransportRegistry,
    TransportSpec,
    hookimpl,
)
from eterminservice_core.cli.environment import Spelled, overlay, variable
from eterminservice_core.cli.first_settings import FIRST_SETTINGS
from eterminservice_core.cli.settings import Settings, load
from eterminservice_transports import SmtpSettings


EMAIL = """\
[transports.email]
use = "smtp"
host = "relay.kv.example"
sender = "termine@kv.example"
"""

Load = Callable[..., Settings]


@frozen(kw_only=True)
class PigeonSettings:
    """
    Settings of every type there is.
    """

    loft: Path
    pigeons: int
    speed: float = 60.0
    ringed: bool = False
    grain: Path | None = None
    password: str = ""
    sender: str = ""


class PigeonPlugin:
    @staticmethod
    @hookimpl
    def provide_transports() -> list[TransportSpec[PigeonSettings]]:
        def never(_: PigeonSettings) -> None:
            raise AssertionError

        return [
            TransportSpec(
                name,
                kind,
                PigeonSettings,
                open=never,  # type: ignore[arg-type]  # nobody opens it
                secrets=("password",),
            )
            for name, kind in (
                ("pigeon", ChannelKind.FAX),
                ("homing", ChannelKind.EMAIL),
            )
        ]


@pytest.fixture(scope="module")
def installed() -> TransportRegistry:
    """
    Asked for once: it looks at every installed package.
    """
    return TransportRegistry.installed()


@pytest.fixture
def read(tmp_path: Path, installed: TransportRegistry) -> Load:
    """
    Write a settings file and load it.
    """

    def read(
        toml: str = "",
        environment: Mapping[str, str] | None = None,
        registry: TransportRegistry | None = None,
    ) -> Settings:
        file = tmp_path / "eterminservice.toml"
        file.write_text(toml, encoding="utf-8")
        return load(file, environment or {}, registry or installed)

    return read


def problems(read: Load, *args: object) -> list[str]:
    with pytest.raises(InvalidSettingsError) as caught:
        read(*args)
    return list(caught.value.problems)


def pigeons() -> TransportRegistry:
    return TransportRegistry.from_plugins(PigeonPlugin)


# What is read


def test_an_empty_file_has_good_defaults(read: Load, tmp_path: Path) -> None:
    settings = read()

    assert settings.store.path == tmp_path / "eterminservice.sqlite3"
    assert settings.store.key_file == tmp_path / "eterminservice.key"
    assert settings.transports == {}
    assert settings.window == SendWindow("20:00", "06:00")
    assert not settings.sending.trusts_register
    assert not settings.sending.allow_media_numbers


def test_relative_paths_count_from_the_folder_of_the_file(
    read: Load, tmp_path: Path
) -> None:
    settings = read('[store]\npath = "deep/store.db"\nkey_file = "/keys/k"\n')

    assert settings.store.path == tmp_path / "deep/store.db"
    assert settings.store.key_file == Path("/keys/k")


def test_a_transport_gets_its_own_settings(read: Load) -> None:
    choice = read(EMAIL).transports[ChannelKind.EMAIL]

    assert choice.use == "smtp"
    assert isinstance(choice.settings, SmtpSettings)
    assert choice.settings.host == "relay.kv.example"


def test_texts_reach_the_renderer(read: Load) -> None:
    settings = read('[texts]\nsender = "KV Musterland"\n')

    assert settings.renderer.wording.sender == "KV Musterland"


def test_a_folder_of_templates_counts_from_the_file(read: Load, tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "digest.subject.j2").write_text("{{ header }}")

    settings = read('[texts]\ntemplates = "ours"\n')

    assert settings.renderer.templates.folder == tmp_path / "ours"


@pytest.mark.parametrize("opens", ["21:30:00", '"21:30"'])
def test_a_window_can_be_written_as_time_or_as_text(read: Load, opens: str) -> None:
    settings = read(f"[sending]\nopens = {opens}\ncloses = 05:00:00\n")

    assert settings.window == SendWindow(time(21, 30), time(5))


def test_a_message_id_ends_in_the_senders_domain(read: Load) -> None:
    own = EMAIL + '[sending]\nmessage_id_domain = "ids.kv.example"\n'

    assert read(EMAIL).message_id_domain == "kv.example"
    assert read(own).message_id_domain == "ids.kv.example"
    assert read().message_id_domain == "eterminservice.invalid"


def test_an_umlaut_in_the_senders_domain_is_spelled_as_mail_spells_it(
    read: Load,
) -> None:
    umlaut = EMAIL.replace("termine@kv.", "termine@kvö.")

    assert read(umlaut).message_id_domain == "xn--kv-gka.example"


def test_a_sender_that_is_no_address_gives_message_ids_no_domain(read: Load) -> None:
    toml = '[transports.email]\nuse = "homing"\nloft = "l"\npigeons = 1\n'

    settings = read(toml + 'sender = "Coo"\n', None, pigeons())

    assert settings.message_id_domain == "eterminservice.invalid"


# The environment


def test_the_environment_outweighs_the_file(read: Load) -> None:
    environment = {
        "ETERMINSERVICE__TRANSPORTS__EMAIL__HOST": "other.kv.example",
        "ETERMINSERVICE__TRANSPORTS__EMAIL__PORT": "2525",
        "ETERMINSERVICE__TRANSPORTS__EMAIL__TIMEOUT": "2.5",
        "ETERMINSERVICE__SENDING__TRUSTS_REGISTER": "true",
        "ETERMINSERVICE__SENDING__OPENS": "21:00",
        "ETERMINSERVICE__TEXTS__SENDER": "KV Musterland",
    }

    settings = read(EMAIL, environment)
    smtp = settings.transports[ChannelKind.EMAIL].settings

    assert isinstance(smtp, SmtpSettings)
    assert (smtp.host, smtp.port, smtp.timeout) == ("other.kv.example", 2525, 2.5)
    assert settings.sending.trusts_register
    assert settings.window.opens == time(21)
    assert settings.renderer.wording.sender == "KV Musterland"


def test_the_environment_alone_is_enough() -> None:
    """
    As in a container, where there is no file.
    """
    environment = {
        "ETERMINSERVICE__STORE__PATH": "/data/store.db",
        "ETERMINSERVICE__TRANSPORTS__FAX__USE": "pigeon",
        "ETERMINSERVICE__TRANSPORTS__FAX__LOFT": "/loft",
        "ETERMINSERVICE__TRANSPORTS__FAX__PIGEONS": "12",
        "ETERMINSERVICE__TRANSPORTS__FAX__RINGED": "TRUE",
        "ETERMINSERVICE__TRANSPORTS__FAX__GRAIN": "grain",
        "HOME": "/nobody",
    }

    settings = load(None, environment, pigeons())

    assert settings.store.path == Path("/data/store.db")
    assert settings.transports[ChannelKind.FAX].settings == PigeonSettings(
        loft=Path("/loft"), pigeons=12, ringed=True, grain=Path("grain")
    )


@pytest.mark.parametrize(
    ("setting", "text", "expected"),
    [
        ("PIGEONS", "a dozen", "expected int @ $.transports.fax.pigeons"),
        ("SPEED", "fast", "expected float @ $.transports.fax.speed"),
        ("RINGED", "perhaps", "expected true or false @ $.transports.fax.ringed"),
    ],
)
def test_a_variable_that_spells_no_such_value_is_a_problem(
    read: Load, setting: str, text: str, expected: str
) -> None:
    environment = {f"ETERMINSERVICE__TRANSPORTS__FAX__{setting}": text}
    toml = '[transports.fax]\nuse = "pigeon"\nloft = "l"\npigeons = 1\n'

    found = problems(read, toml, environment, pigeons())

    assert found == [expected]


@pytest.mark.parametrize(
    "name", ["ETERMINSERVICE__PATH", "ETERMINSERVICE__STORE__PATH__DEEPER"]
)
def test_a_variable_that_can_name_no_setting_is_a_problem(
    read: Load, name: str
) -> None:
    (found,) = problems(read, '[store]\npath = "x"\n', {name: "secret value"})

    assert found.startswith(f"{name} names no setting")
    assert "secret value" not in found


def test_the_name_of_a_variable_follows_from_the_path() -> None:
    laid, found = overlay({}, {variable("transports", "email", "host"): "h"})

    assert laid == {"transports": {"email": {"host": Spelled("h")}}}
    assert found == []


# Secrets


def test_a_secret_comes_from_the_environment(read: Load) -> None:
    environment = {"ETERMINSERVICE__TRANSPORTS__EMAIL__PASSWORD": "hunter2"}

    settings = read(EMAIL + 'username = "u"\n', environment)
    smtp = settings.transports[ChannelKind.EMAIL].settings

    assert isinstance(smtp, SmtpSettings)
    assert smtp.password == "hunter2"
    assert "hunter2" not in repr(settings)


def test_a_secret_comes_from_a_file_of_its_own(read: Load, tmp_path: Path) -> None:
    (tmp_path / "smtp.password").write_text("hunter2\n")

    settings = read(EMAIL + 'username = "u"\npassword_file = "smtp.password"\n')
    smtp = settings.transports[ChannelKind.EMAIL].settings

    assert isinstance(smtp, SmtpSettings)
    assert smtp.password == "hunter2", "the line end is no part of it"


def test_the_environment_can_name_the_file_of_a_secret(
    read: Load, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").write_text("hunter2")
    environment = {
        "ETERMINSERVICE__TRANSPORTS__EMAIL__PASSWORD_FILE": str(tmp_path / "elsewhere")
    }

    smtp = read(EMAIL + 'username = "u"\n', environment).transports[ChannelKind.EMAIL]

    assert isinstance(smtp.settings, SmtpSettings)
    assert smtp.settings.password == "hunter2"


def test_a_secret_in_the_settings_is_refused_with_what_to_do(read: Load) -> None:
    (found,) = problems(read, EMAIL + 'password = "hunter2"\n')

    assert "password_file" in found
    assert "ETERMINSERVICE__TRANSPORTS__EMAIL__PASSWORD" in found
    assert found.endswith("@ $.transports.email.password")
    assert "hunter2" not in found


def test_the_stores_key_in_the_settings_is_refused_too(read: Load) -> None:
    (found,) = problems(read, '[store]\nkey = "pseudonyms 00"\n')

    assert "key_file" in found
    assert "ETERMINSERVICE__STORE__KEY" in found


def test_a_file_of_a_secret_that_is_not_there_is_a_problem(read: Load) -> None:
    found = problems(read, EMAIL + 'password_file = "nowhere"\n')

    place = "$.transports.email.password_file"
    assert found == [f"this file cannot be read (FileNotFoundError) @ {place}"]


# Problems


def test_every_problem_is_named_at_once_with_its_path(read: Load) -> None:
    toml = """\
        speed = 3
        [store]
        path = 7
        folder = "x"
        [sending]
        trusts_register = "yes"
        opens = 25
        [texts]
        sender = ""
        [transports.email]
        use = "smtp"
        port = "25"
        sendre = "x"
        [transports.pigeon]
        use = "smtp"
        """

    found = "\n".join(problems(read, toml))

    for path in (
        "$.speed",
        "$.store.path",
        "$.store.folder",
        "$.sending.trusts_register",
        "$.sending.opens",
        "$.texts.sender",
        "$.transports.email.port",
        "$.transports.email.sendre",
        "$.transports.email.host",
        "$.transports.email.sender",
        "$.transports.pigeon",
    ):
        assert f"@ {path}\n" in f"{found}\n", path


def test_a_key_that_nobody_knows_is_named_with_those_that_are(read: Load) -> None:
    (found,) = problems(read, '[sending]\nopen = "20:00"\n')

    assert found == (
        "unknown setting, known are allow_media_numbers, closes, message_id_domain,"
        " opens, trusts_register, zone @ $.sending.open"
    )


def test_a_transports_own_keys_are_named_and_its_secrets_only_as_files(
    read: Load,
) -> None:
    (found,) = problems(read, EMAIL + "prot = 25\n")

    assert " port," in found
    assert " password_file," in found
    assert " use," in found
    assert " password," not in found


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("[transports.email]\n", "installed are directory, recording"),
        ('[transports.email]\nuse = "fxa"\n', "no transport named 'fxa'"),
        ('[transports.fax]\nuse = "smtp"\n', "transport 'smtp' serves email, not fax"),
        ("[transports]\nemail = 3\n", "expected a table @ $.transports.email"),
        ("transports = 3\n", "expected a table @ $.transports"),
        ("store = 3\n", "expected a table @ $.store"),
        ("texts = 3\n", "expected a table @ $.texts"),
        ("sending = 3\n", "expected a table @ $.sending"),
        ('[sending]\nopens = "20:00"\ncloses = "20:00"\n', "@ $.sending"),
        ('[sending]\nzone = "Mars"\n', "@ $.sending"),
        ('[sending]\nmessage_id_domain = "a b"\n', "@ $.sending.message_id_domain"),
        ('[texts]\ntemplates = "nowhere"\n', "@ $.texts.templates"),
        (EMAIL + "password_file = 3\n", "expected the name of a file"),
        (EMAIL + 'security = "none"\n', "@ $.transports.email.security"),
        ("[store\n", "this is no TOML"),
    ],
)
def test_what_does_not_fit_is_named(read: Load, toml: str, expected: str) -> None:
    (found,) = problems(read, toml)

    assert expected in found


def test_no_value_is_ever_quoted(read: Load) -> None:
    toml = """\
        [store]
        path = 4711
        key = "4711"
        [sending]
        opens = "4711"
        zone = "4711"
        [texts]
        sender = 4711
        [transports.email]
        use = "smtp"
        host = "47 11"
        sender = "4711"
        port = "4711"
        password = "4711"
        """

    assert "4711" not in "\n".join(problems(read, toml))


def test_a_file_that_is_no_utf_8_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "eterminservice.toml"
    file.write_bytes(b'[texts]\nsender = "M\xfcnchen"\n')

    with pytest.raises(InvalidSettingsError, match="expected UTF-8"):
        load(file, {}, TransportRegistry.installed())


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettingsError, match="cannot be read"):
        load(tmp_path, {}, TransportRegistry.installed())


# What `init` writes


def test_the_first_settings_fit(read: Load) -> None:
    assert read(FIRST_SETTINGS).transports == {}


def test_what_is_commented_out_in_the_first_settings_fits_too(
    read: Load, tmp_path: Path
) -> None:
    """
    A newcomer takes the comment signs away, one by one.
    """
    lines = FIRST_SETTINGS.splitlines()
    uncommented = "\n".join(
        line.removeprefix("# ") if " = " in line or "[" in line else line
        for line in lines
    )
    (tmp_path / "smtp.password").write_text("hunter2")

    assert len(tomllib.loads(uncommented)) == 4
    assert read(uncommented).transports[ChannelKind.EMAIL].use == "smtp"
