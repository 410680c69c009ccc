"""Every variable: its default, a good value, a bad one."""

from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.unit.config_table import TABLE
from trio_signal.config import Config, ConfigError, read_config, sqlite_path

SECRET = "a secret of at least thirty-two bytes"
FIELDS = {field.metadata["variable"]: field.name for field in attrs.fields(Config)}
GOOD = [(variable, text, value) for variable, _, text, value, _ in TABLE]
BAD = [(variable, text) for variable, _, _, _, texts in TABLE for text in texts]
ALONG = {"TURN_URLS": {"TURN_SECRET": "s"}}


def test_the_table_has_every_variable() -> None:
    """A new one comes with its tests."""
    assert {variable for variable, *_ in TABLE} == set(FIELDS)


@pytest.mark.parametrize(("variable", "default"), [(variable, default) for variable, default, *_ in TABLE])
def test_defaults(variable: str, default: Any) -> None:
    """With no configuration at all it runs."""
    value = getattr(read_config({}), FIELDS[variable])
    assert (value, type(value)) == (default, type(default)) or isinstance(default, Path)


@pytest.mark.parametrize(("variable", "text", "value"), GOOD)
def test_good_values(variable: str, text: str, value: Any) -> None:
    """Blanks around them do not matter."""
    assert getattr(read_config({variable: text, **ALONG.get(variable, {})}), FIELDS[variable]) == value


@pytest.mark.parametrize(("variable", "text"), BAD, ids=lambda value: value[:20])
@pytest.mark.parametrize("in_file", [False, True])
def test_a_bad_value_names_its_variable(variable: str, text: str, in_file: bool) -> None:
    """Wherever it stands."""
    given = {variable: text}
    with pytest.raises(ConfigError, match=variable):
        read_config({} if in_file else given, given if in_file else None)


@pytest.mark.parametrize("field", attrs.fields(Config), ids=lambda field: field.name)
def test_each_variable_says_what_it_means(field: "attrs.Attribute[Any]") -> None:
    """The documentation's table is made of it."""
    assert field.metadata["meaning"].endswith(".")
    assert isinstance(field.metadata["unit"], str)


def test_the_environment_wins_over_the_file() -> None:
    """And each alone counts."""
    file = {"PORT": "1", "HOST": "a", "LOG_LEVEL": None}
    config = read_config({"PORT": "2", "LOG_LEVEL": "debug"}, file)
    assert (config.port, config.host, config.log_level) == (2, "a", "debug")


@pytest.mark.parametrize("file", [None, {"PORT": ""}, {"PORT": None}])
def test_empty_is_the_same_as_not_set(file: dict[str, str | None] | None) -> None:
    """As `docker compose` passes what is not set."""
    assert read_config({"PORT": "", "HOST": ""}, file).port == 3000


def test_an_empty_variable_does_not_hide_the_file() -> None:
    """It is not set."""
    assert read_config({"PORT": ""}, {"PORT": "4000"}).port == 4000


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("RATE_LIMIT_JOINROOM", "RATE_LIMIT_JOIN_ROOM"),
        ("JWT_SECRETS", "JWT_SECRET"),
        ("TURN_URL", "TURN_URLS"),
        ("ICE_SERVER", "ICE_SERVERS"),
        ("TLS_CERTIFICATE", ""),
        ("OUTBOX_SIZE", ""),
        ("ROOM_IDLE_SECOND", "ROOM_IDLE_SECONDS"),
        ("DRAIN_SECOND", "DRAIN_SECONDS"),
    ],
)
def test_a_misspelt_name_of_our_families_is_refused(name: str, near: str) -> None:
    """With the one that was meant, if it is near."""
    with pytest.raises(ConfigError, match=name) as caught:
        read_config({name: "1"})
    assert (f"Did you mean {near}?" in str(caught.value)) is bool(near)


@pytest.mark.parametrize("name", ["MAX_MESSAGE_BYTE", "CLIENT_URLS", "TRUSTED_PROXY", "LOGLEVEL"])
def test_a_misspelt_name_in_the_file_is_refused(name: str) -> None:
    """The file is ours; the environment is everybody's."""
    with pytest.raises(ConfigError, match=f"{name}.*Did you mean"):
        read_config({}, {name: "1"})
    read_config({name: "1"})


def test_names_of_others_are_ignored() -> None:
    """In both."""
    others = {"PATH": "/bin", "LANG": "C", "NODE_ENV": "x", "MY_APP": "y"}
    assert read_config(others, others) == Config()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "JWT_SECRET"),
        ({"JWT_SECRET": "x" * 31}, "JWT_SECRET"),
        ({"JWT_SECRET": SECRET, "CLIENT_URL": "*"}, "CLIENT_URL"),
        ({"JWT_SECRET": SECRET, "CLIENT_URL": "https://a,*"}, "CLIENT_URL"),
    ],
)
def test_production_refuses_what_is_unsafe(given: dict[str, str], named: str) -> None:
    """And says what to set; development takes it."""
    with pytest.raises(ConfigError, match=named):
        read_config({"ENV": "production", **given})
    read_config({"ENV": "development", **given})


def test_production_listens_to_all() -> None:
    """Unless told otherwise."""
    safe = {"ENV": "production", "JWT_SECRET": SECRET}
    assert (read_config(safe).host, read_config(safe | {"HOST": "::1"}).host) == ("0.0.0.0", "::1")  # noqa: S104 - compared, not bound
    assert read_config(safe).in_production


@pytest.mark.parametrize(
    ("given", "named"),
    [({"TLS_CERT": "a"}, "TLS_KEY"), ({"TLS_KEY": "a"}, "TLS_CERT"), ({"TURN_URLS": "turn:a"}, "TURN_SECRET")],
)
def test_halves_are_refused(given: dict[str, str], named: str) -> None:
    """What makes sense only together."""
    with pytest.raises(ConfigError, match=named):
        read_config(given)


def test_secrets_are_in_no_repr() -> None:
    """Reprs end in logs and bug reports."""
    given = {
        "JWT_SECRET": "s3cret-a",
        "TURN_SECRET": "s3cret-b",
        "DB_PASSWORD": "s3cret-c",
        "DATABASE_URL": "sqlite:///s3cret-d",
        "ICE_SERVERS": '[{"urls":"turn:a","username":"u","credential":"s3cret-e"}]',
    }
    assert "s3cret" not in repr(read_config(given))


@pytest.mark.parametrize(
    ("variable", "text"),
    [("ICE_SERVERS", '[{"urls":"turn:a","credential":"s3cret"]'), ("DATABASE_URL", "postgres://u:s3cret@h/d")],
)
def test_secrets_are_in_no_complaint(variable: str, text: str) -> None:
    """It is printed at start."""
    with pytest.raises(ConfigError) as caught:
        read_config({variable: text})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({}, "data/trio-signal.db"),
        ({"DATA_DIR": "/d"}, "/d/trio-signal.db"),
        ({"DATABASE_URL": "sqlite:///a/b.db"}, "a/b.db"),
        ({"DATABASE_URL": "sqlite:////a/b.db", "DATA_DIR": "/d"}, "/a/b.db"),
    ],
)
def test_where_the_sqlite_file_is(given: dict[str, str], path: str) -> None:
    """Three slashes and a relative path, four and an absolute one."""
    assert sqlite_path(read_config(given)) == Path(path)
