"""The command line: arguments and environment to Config, and Config to what is asked for.

Exit codes: 0 done, 1 it cannot run here (a taken port, a broken file), 2 it was asked for wrongly.
"""

import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import NoReturn

import attrs
import click
import dotenv
import trio

from trio_signal import __version__
from trio_signal.auth import MIN_SECRET_BYTES, TokenPolicy, mint_token
from trio_signal.config import Config, ConfigError, read_config, sqlite_path
from trio_signal.domain.identity import Role
from trio_signal.door.listener import CannotListen
from trio_signal.server import run
from trio_signal.store.base import StoreBroken, StoreUnavailable
from trio_signal.store.sqlite import open_sqlite
from trio_signal.telemetry.logs import configure_logging, get_logger


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"trio-signal: {message}", err=True)
    sys.exit(code)


def _config() -> Config:
    """Config from the environment and `.env`; a wrong one ends the program with 2."""
    path = Path(".env")
    try:
        return read_config(os.environ, dotenv.dotenv_values(path) if path.is_file() else None)
    except ConfigError as exc:
        _fail(str(exc), 2)
    except OSError as exc:
        _fail(f".env cannot be read: {exc.strerror}.", 2)
    except UnicodeDecodeError:
        _fail(".env is not UTF-8.", 2)


def _with_secret(config: Config) -> tuple[Config, str | None]:
    """Config with a JWT_SECRET, and what there is to warn of."""
    if len(config.jwt_secret.encode()) >= MIN_SECRET_BYTES:
        return config, None
    if config.jwt_secret:
        return config, f"JWT_SECRET is shorter than {MIN_SECRET_BYTES} bytes; production will refuse it."
    path = config.data_dir / "dev-secret"
    try:
        secret = _kept_secret(path)
    except OSError as exc:
        _fail(f"DATA_DIR {config.data_dir} cannot be used: {exc.strerror}.", 1)
    warning = f"JWT_SECRET is not set; using the one kept in {path}. Set it in production."
    return attrs.evolve(config, jwt_secret=secret), warning


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists() or not path.read_text().strip():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="trio-signal")
def main() -> None:
    """A WebRTC signaling server. Configured by the environment and `.env`; see docs/configuration.md."""


@main.command()
def serve() -> None:
    """Run the server until SIGTERM or SIGINT."""
    config, warning = _with_secret(_config())
    try:
        configure_logging(config.log_level, json_lines=config.in_production, log_dir=config.log_dir)
    except OSError as exc:
        _fail(f"LOG_DIR {config.log_dir} cannot be written: {exc.strerror}.", 1)
    if warning:
        get_logger().warning(warning)
    try:
        trio.run(run, config, partial(_announce, config.in_production), strict_exception_groups=True)
    except* (StoreBroken, CannotListen) as group:
        _fail(str(_first(group)), 1)
    except* StoreUnavailable as group:
        _fail(f"The database cannot be used: {_first(group)}.", 1)


def _first(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group


def _announce(in_production: bool, url: str) -> None:
    """The URL in the log; and, outside production, where a person would look for it."""
    get_logger().info("listening", url=url)
    if not in_production:
        click.echo(f"Open {url} for the demo.")
        sys.stdout.flush()


@main.command()
@click.option("--user", "user_id", default="1", help="userId; digits make it an integer.", show_default=True)
@click.option("--name", "username", default="dev", help="User name.", show_default=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), default="user", show_default=True)
@click.option("--ttl", default=86400, help="Life in seconds.", show_default=True)
@click.option("--room", "rooms", multiple=True, help="Room pattern the token is bound to; may be repeated.")
def token(user_id: str, username: str, role: str, ttl: int, rooms: tuple[str, ...]) -> None:
    """Mint a token for development, signed with JWT_SECRET or the kept development secret."""
    config, _ = _with_secret(_config())
    policy = TokenPolicy(
        config.jwt_secret, config.jwt_algorithms, config.jwt_issuer or None, config.jwt_audience or None
    )
    minted, _ = mint_token(
        policy,
        user_id=int(user_id) if user_id.isdecimal() else user_id,
        username=username,
        role=Role(role),
        now=time.time(),
        ttl_s=ttl,
        rooms=rooms or None,
    )
    click.echo(minted)


@main.command("check-config")
def check_config() -> None:
    """Read the configuration, say what it comes to, and exit 0; or 2 and why."""
    config = _config()
    for field in attrs.fields(Config):
        value = getattr(config, field.name)
        shown = ("[set]" if value else "[not set]") if not field.repr else value
        click.echo(f"{field.metadata['variable']}={shown}")


@main.command()
def migrate() -> None:
    """Bring the store's schema up to date."""
    path = sqlite_path(_config())

    async def open_and_close() -> None:
        async with open_sqlite(path, migrate=True):
            pass

    try:
        trio.run(open_and_close)
    except* StoreBroken as group:
        _fail(str(_first(group)), 1)
    click.echo(f"{path} is up to date.")


@main.command()
@click.option("--url", default="http://127.0.0.1:3000", help="The server.", show_default=True)
@click.option("--token", "bearer", envvar="TRIO_SIGNAL_TOKEN", help="A token; without one, a development token.")
def rooms(url: str, bearer: str | None) -> None:
    """List the active rooms, through the HTTP API."""
    if bearer is None:
        config, _ = _with_secret(_config())
        policy = TokenPolicy(
            config.jwt_secret, config.jwt_algorithms, config.jwt_issuer or None, config.jwt_audience or None
        )
        bearer, _ = mint_token(policy, user_id="cli", username="cli", role=Role.USER, now=time.time(), ttl_s=60)
    cursor: str | None = ""
    while cursor is not None:
        page = _get(f"{url.rstrip('/')}/api/rooms?limit=100&cursor={cursor}", bearer)
        for room in page["rooms"]:
            click.echo(f"{room['roomId']:<32} {room['users']:>4}/{room['maxUsers']:<4} {room['name']}")
        cursor = page.get("cursor")


def _get(url: str, bearer: str) -> dict:  # type: ignore[type-arg]
    if not url.startswith(("http://", "https://")):
        _fail("--url must be an http:// or https:// address.", 2)
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {bearer}"})  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - checked above
            return json.load(answer)  # type: ignore[no-any-return]
    except urllib.error.HTTPError as exc:
        _fail(f"{url} answered {exc.code}: {exc.read(1000).decode(errors='replace')}", 1)
    except OSError as exc:
        _fail(f"{url} cannot be reached: {exc}", 1)
