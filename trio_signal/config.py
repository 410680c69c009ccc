"""Config: everything that can be set, read from the environment and a `.env` file. Imports nothing from us.

Each field says its variable, unit and meaning once; the table in docs/configuration.md is made from here.
"""

import difflib
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ConfigError(Exception):
    """A variable that is wrong; the message names it and says what it takes."""


def _is_secret(variable: str) -> bool:
    """Whether a value may hold a password: it is not shown."""
    return any(word in variable for word in ("SECRET", "PASSWORD", "DATABASE_URL", "REDIS_URL", "ICE_SERVERS"))


def _setting(variable: str, default: Any, unit: str, meaning: str, read: Callable[[str], Any] | None = None) -> Any:
    reader = read or _READERS[type(default)]
    metadata = {"variable": variable, "unit": unit, "meaning": meaning, "read": reader}
    return attrs.field(default=default, metadata=metadata, repr=not _is_secret(variable))


def _integer(least: int, most: int = 2**31) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,10}", text) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return read


def _seconds(least: float = 0.0) -> Callable[[str], float]:
    def read(text: str) -> float:
        if not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text) or float(text) < least:
            raise ValueError(f"a number of seconds, at least {least:g}")
        return float(text)

    return read


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError("one of " + ", ".join(words))
        return text.lower()

    return read


def _switch(text: str) -> bool:
    if text.lower() not in {"0", "1", "true", "false", "yes", "no"}:
        raise ValueError("1 or 0")
    return text.lower() in {"1", "true", "yes"}


def _path(text: str) -> Path | None:
    return Path(text)


def _list(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(item.rstrip("/").lower() for item in _list(text))
    for origin in origins:
        if origin != "*" and not re.fullmatch(r"https?://[^/\s?#@*]+", origin):
            raise ValueError("origins such as https://app.example.com, comma separated, or *")
    return origins


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(item, strict=False) for item in _list(text))
    except ValueError:
        raise ValueError("addresses or networks such as 10.0.0.0/8, comma separated") from None


def _algorithms(text: str) -> tuple[str, ...]:
    names = _list(text)
    if not names or not set(names) <= {"HS256", "HS384", "HS512"}:
        raise ValueError("HS256, HS384 or HS512, comma separated (public-key algorithms are not supported yet)")
    return names


def _ice_servers(text: str) -> tuple[Mapping[str, Any], ...]:
    wanted = 'a JSON list of RTCIceServer objects, [{"urls": ["stun:stun.example.com:3478"]}]'
    try:
        servers = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(wanted) from None
    if not isinstance(servers, list) or not all(_is_ice_server(server) for server in servers):
        raise ValueError(wanted)
    return tuple(servers)


def _is_ice_server(server: Any) -> bool:
    if not isinstance(server, dict) or not set(server) <= {"urls", "username", "credential"}:
        return False
    urls = server.get("urls")
    urls = [urls] if isinstance(urls, str) else urls
    texts = [server.get("username", ""), server.get("credential", "")]
    return isinstance(urls, list) and bool(urls) and all(isinstance(text, str) for text in [*urls, *texts])


def _turn_urls(text: str) -> tuple[str, ...]:
    urls = _list(text)
    if not all(re.match(r"turns?:", url) for url in urls):
        raise ValueError("turn: or turns: URLs, comma separated")
    return urls


_READERS: dict[type, Callable[[str], Any]] = {str: str, bool: _switch, tuple: _list, type(None): _path}


@attrs.frozen(kw_only=True)
class Config:
    """What the server is told. Times in seconds unless the name says otherwise; a limit of 0 is off."""

    # fmt: off
    host: str = _setting("HOST", "127.0.0.1", "", "Address to listen on; `0.0.0.0` for all. In production the default is `0.0.0.0`.")
    port: int = _setting("PORT", 3000, "", "TCP port of everything; 0 takes a free one.", _integer(0, 65535))
    env: str = _setting("ENV", "development", "", "`development` or `production`; production refuses to start on anything unsafe.", _one_of("development", "production"))
    jwt_secret: str = _setting("JWT_SECRET", "", "", "Secret for HS256 tokens, at least 32 bytes. Outside production one is generated and kept in `DATA_DIR`.")
    jwt_algorithms: tuple[str, ...] = _setting("JWT_ALGORITHMS", ("HS256",), "", "Accepted token algorithms; the first one signs.", _algorithms)
    jwt_issuer: str = _setting("JWT_ISSUER", "", "", "If set, tokens must have this `iss`.")
    jwt_audience: str = _setting("JWT_AUDIENCE", "", "", "If set, tokens must have this `aud`.")
    jwt_public_key: str = _setting("JWT_PUBLIC_KEY", "", "", "Reserved: tokens signed with a private key. Refused for now.")
    jwt_jwks_url: str = _setting("JWT_JWKS_URL", "", "", "Reserved: key sets over HTTP. Refused for now.")
    token_ttl_s: int = _setting("TOKEN_TTL_SECONDS", 43200, "s", "Life of the tokens that register and login give.", _integer(60))
    database_url: str = _setting("DATABASE_URL", "", "", "`sqlite:///path/to/file.db`; empty: a SQLite file in `DATA_DIR`. PostgreSQL is not supported yet.")
    db_host: str = _setting("DB_HOST", "", "", "With the other `DB_*` names: the parts of a PostgreSQL `DATABASE_URL`.")
    db_port: int = _setting("DB_PORT", 5432, "", "See `DB_HOST`.", _integer(1, 65535))
    db_name: str = _setting("DB_NAME", "webrtc_db", "", "See `DB_HOST`.")
    db_user: str = _setting("DB_USER", "", "", "See `DB_HOST`.")
    db_password: str = attrs.field(default="", repr=False, metadata={"variable": "DB_PASSWORD", "unit": "", "meaning": "See `DB_HOST`.", "read": str})
    redis_url: str = _setting("REDIS_URL", "", "", "Reserved: several nodes over Redis. Refused for now.")
    redis_host: str = _setting("REDIS_HOST", "", "", "With `REDIS_PORT`: the parts of a `REDIS_URL`.")
    redis_port: int = _setting("REDIS_PORT", 6379, "", "See `REDIS_HOST`.", _integer(1, 65535))
    client_url: tuple[str, ...] = _setting("CLIENT_URL", (), "", "Allowed origins, comma separated. The server's own origin always is; in development, loopback origins too.", _origins)
    log_level: str = _setting("LOG_LEVEL", "info", "", "`debug`, `info`, `warning` or `error`.", _one_of("debug", "info", "warning", "error"))
    log_dir: Path | None = _setting("LOG_DIR", None, "", "Folder for `combined.log` and `error.log`; empty: the standard error stream alone.", _path)
    data_dir: Path = _setting("DATA_DIR", Path("data"), "", "Folder for the SQLite file and the development secret.", Path)
    auto_migrate: bool = _setting("AUTO_MIGRATE", True, "0/1", "Whether `serve` brings the store's schema up to date by itself.")
    metrics_port: int = _setting("METRICS_PORT", 0, "", "If set, `/metrics` is served on this port alone.", _integer(0, 65535))
    tls_cert: Path | None = _setting("TLS_CERT", None, "", "PEM file with the certificate chain; with `TLS_KEY`, the port speaks TLS.", _path)
    tls_key: Path | None = _setting("TLS_KEY", None, "", "PEM file with the private key.", _path)
    trusted_proxies: tuple[Network, ...] = _setting("TRUSTED_PROXIES", (), "", "Networks whose `X-Forwarded-For` and `X-Forwarded-Proto` count, comma separated.", _networks)
    max_message_bytes: int = _setting("MAX_MESSAGE_BYTES", 65536, "bytes", "Largest WebSocket message; larger closes with 1009.", _integer(1024, 16 * 2**20))
    auth_timeout_s: float = _setting("AUTH_TIMEOUT", 10.0, "s", "Time for the first message to bring a token.", _seconds(0.1))
    heartbeat_s: float = _setting("HEARTBEAT_SECONDS", 25.0, "s", "Time between WebSocket pings.", _seconds(0.1))
    pong_timeout_s: float = _setting("PONG_TIMEOUT", 10.0, "s", "A connection is dead this long after an unanswered ping (close 4008).", _seconds(0.1))
    close_timeout_s: float = _setting("CLOSE_TIMEOUT", 5.0, "s", "Time for a peer to answer a close frame, and for a full socket to take one.", _seconds(0.1))
    send_timeout_s: float = _setting("SEND_TIMEOUT", 30.0, "s", "Time for an HTTP client to take what was sent.", _seconds(0.1))
    max_room_users: int = _setting("MAX_ROOM_USERS", 1000, "peers", "Largest `maxUsers` of a room.", _integer(1, 100_000))
    max_connections: int = _setting("MAX_CONNECTIONS", 10_000, "connections", "WebSockets on this node; more are answered 503.", _integer(0))
    max_http_connections: int = _setting("MAX_HTTP_CONNECTIONS", 1000, "connections", "Connections that are no WebSocket (yet) on this node; more are closed at once.", _integer(1))
    outbox_messages: int = _setting("OUTBOX_MESSAGES", 4096, "messages", "Frames waiting for one slow peer; more closes it with 4013.", _integer(1))
    outbox_bytes: int = _setting("OUTBOX_BYTES", 2**20, "bytes", "The same in bytes.", _integer(1024))
    store_timeout_s: float = _setting("STORE_TIMEOUT", 1.8, "s", "Time for the store to answer a join or create before it gets UNAVAILABLE.", _seconds(0.1))
    drain_s: float = _setting("DRAIN_SECONDS", 10.0, "s", "Time for connections to end after SIGTERM.", _seconds())
    node_lease_s: float = _setting("NODE_LEASE_SECONDS", 15.0, "s", "How long a node counts as alive after its last sign of life. For several nodes; one node alone has no use for it yet.", _seconds(1))
    room_idle_s: float = _setting("ROOM_IDLE_SECONDS", 86400.0, "s", "An active room that stays empty this long is closed.", _seconds(0.1))
    ice_servers: tuple[Mapping[str, Any], ...] = _setting("ICE_SERVERS", ({"urls": ["stun:stun.l.google.com:19302"]},), "JSON", "STUN and TURN servers for clients, a list of RTCIceServer objects.", _ice_servers)
    turn_urls: tuple[str, ...] = _setting("TURN_URLS", (), "", "TURN servers that share `TURN_SECRET`, comma separated.", _turn_urls)
    turn_secret: str = _setting("TURN_SECRET", "", "", "coturn's `static-auth-secret`.")
    turn_ttl_s: int = _setting("TURN_TTL_SECONDS", 3600, "s", "Life of TURN credentials; fresh ones are pushed before they lapse.", _integer(1))
    rate_connections: int = _setting("RATE_LIMIT_CONNECTIONS", 10, "per minute", "WebSocket attempts of one address (IPv6: one /64).", _integer(0))
    rate_create_room: int = _setting("RATE_LIMIT_CREATE_ROOM", 5, "per minute", "`create-room` of one user.", _integer(0))
    rate_join_room: int = _setting("RATE_LIMIT_JOIN_ROOM", 20, "per minute", "`join-room` of one user.", _integer(0))
    rate_list_rooms: int = _setting("RATE_LIMIT_LIST_ROOMS", 30, "per minute", "`list-rooms` of one user.", _integer(0))
    rate_requests: int = _setting("RATE_LIMIT_REQUESTS", 100, "per second", "Requests of one connection; twice as many at once.", _integer(0))
    rate_auth: int = _setting("RATE_LIMIT_AUTH", 10, "per minute", "Logins and registrations of one address.", _integer(0))
    rate_flood: int = _setting("RATE_LIMIT_FLOOD", 200, "refusals in 10 s", "Refused requests of one connection before it is closed with 4029.", _integer(0))
    # fmt: on

    @property
    def in_production(self) -> bool:
        return self.env == "production"


def read_config(environ: Mapping[str, str], dotenv: Mapping[str, str | None] | None = None) -> Config:
    """Config from variables; those of the environment win over the `.env` file's. Empty is the same as not set.

    Raises ConfigError, naming the variable, for a wrong value and for a name that is nearly one of ours.
    """
    given = {name: value for source in (dotenv or {}, environ) for name, value in source.items() if value}
    fields = {field.metadata["variable"]: field for field in attrs.fields(Config)}
    _refuse_misspelt(given, set(dotenv or ()), set(fields))
    values = {field.name: _read(field, given[variable]) for variable, field in fields.items() if variable in given}
    if values.get("env") == "production":
        values.setdefault("host", "0.0.0.0")  # noqa: S104 - a server in production is meant to be reached
    config = Config(**values)
    _refuse_unsupported(config)
    _refuse_contradictions(config)
    return config


def _read(field: "attrs.Attribute[Any]", text: str) -> Any:
    try:
        return field.metadata["read"](text.strip())
    except ValueError as exc:
        variable = field.metadata["variable"]
        shown = "" if _is_secret(variable) else f", not {text!r}"
        raise ConfigError(f"{variable} must be {exc}{shown}.") from None


_FAMILIES = ("RATE_LIMIT_", "TURN_", "JWT_", "ICE_", "TLS_CERT", "TLS_KEY", "OUTBOX_", "ROOM_IDLE", "DRAIN_")


def _refuse_misspelt(given: Mapping[str, str], in_dotenv: set[str], known: set[str]) -> None:
    """Names of our families that we do not know, and names in `.env` that are all but one of ours."""
    for name in sorted(set(given) - known):
        near = difflib.get_close_matches(name, known, 1, 0.85 if name in in_dotenv else 0.9)
        if name.startswith(_FAMILIES) or (near and name in in_dotenv):
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ConfigError(f"{name} is not a variable of trio-signal.{hint}")


def _refuse_unsupported(config: Config) -> None:
    if config.database_url and not re.fullmatch(r"sqlite:///.+", config.database_url):
        raise ConfigError("DATABASE_URL must be sqlite:///path in this version; PostgreSQL is not supported yet.")
    if config.db_host:
        raise ConfigError("DB_HOST names a PostgreSQL server, which this version does not support yet; unset it.")
    for variable, value in (("REDIS_URL", config.redis_url), ("REDIS_HOST", config.redis_host)):
        if value:
            raise ConfigError(f"{variable}: several nodes over Redis are not supported yet; unset it.")
    for variable, value in (("JWT_PUBLIC_KEY", config.jwt_public_key), ("JWT_JWKS_URL", config.jwt_jwks_url)):
        if value:
            raise ConfigError(f"{variable} is reserved and not supported yet; unset it.")


def _refuse_contradictions(config: Config) -> None:
    if bool(config.tls_cert) != bool(config.tls_key):
        raise ConfigError("TLS_CERT and TLS_KEY must be set both or not at all.")
    if config.turn_urls and not config.turn_secret:
        raise ConfigError("TURN_SECRET must be set with TURN_URLS.")
    if not config.in_production:
        return
    if len(config.jwt_secret.encode()) < 32:
        raise ConfigError("JWT_SECRET must be set in production, to at least 32 bytes (try: openssl rand -base64 48).")
    if "*" in config.client_url:
        raise ConfigError("CLIENT_URL must name the allowed origins in production, not *.")


def sqlite_path(config: Config) -> Path:
    """Where the SQLite file is: `sqlite:///relative`, `sqlite:////absolute`, or `DATA_DIR/trio-signal.db`."""
    if config.database_url:
        return Path(config.database_url.removeprefix("sqlite:///"))
    return config.data_dir / "trio-signal.db"
