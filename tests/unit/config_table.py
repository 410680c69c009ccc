"""Every variable: its default, a good text and what it means, texts that are refused."""

import ipaddress
from pathlib import Path
from typing import Any

NETWORKS = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))
STUN = '[{"urls":"stun:a"},{"urls":["turn:b"],"username":"u","credential":"c"}]'

# variable, default, a good text and what it means, bad texts
TABLE: list[tuple[str, Any, str, Any, list[str]]] = [
    ("HOST", "127.0.0.1", " ::1 ", "::1", []),
    ("PORT", 3000, "0", 0, ["-1", "65536", "80a", "3e3", "1_000", "9" * 30]),
    ("ENV", "development", "Development", "development", ["prod", "test"]),
    ("JWT_SECRET", "", "x", "x", []),
    ("JWT_ALGORITHMS", ("HS256",), "HS512, HS256", ("HS512", "HS256"), ["none", "RS256", "HS256,none", ",", "hs256"]),
    ("JWT_ISSUER", "", "us", "us", []),
    ("JWT_AUDIENCE", "", "here", "here", []),
    ("JWT_PUBLIC_KEY", "", "", "", ["key"]),
    ("JWT_JWKS_URL", "", "", "", ["https://a/jwks"]),
    ("TOKEN_TTL_SECONDS", 43200, "60", 60, ["59", "1.5", "1h"]),
    (
        "DATABASE_URL",
        "",
        "sqlite:///a.db",
        "sqlite:///a.db",
        ["postgres://a/b", "a.db", "sqlite:a.db", "sqlite://a.db", "sqlite:///"],
    ),
    ("DB_HOST", "", "", "", ["localhost"]),
    ("DB_PORT", 5432, "1", 1, ["0", "x"]),
    ("DB_NAME", "webrtc_db", "x", "x", []),
    ("DB_USER", "", "x", "x", []),
    ("DB_PASSWORD", "", "x", "x", []),
    ("REDIS_URL", "", "", "", ["redis://localhost"]),
    ("REDIS_HOST", "", "", "", ["localhost"]),
    ("REDIS_PORT", 6379, "1", 1, ["65536"]),
    (
        "CLIENT_URL",
        (),
        "https://A.example/, http://b:81",
        ("https://a.example", "http://b:81"),
        ["a.example", "https://a/b", "https://*.a", "ftp://a", "https://a@b"],
    ),
    ("LOG_LEVEL", "info", "DEBUG", "debug", ["verbose", "10"]),
    ("LOG_DIR", None, "logs", Path("logs"), []),
    ("DATA_DIR", Path("data"), "/x", Path("/x"), []),
    ("AUTO_MIGRATE", True, "0", False, ["2", "maybe"]),
    ("METRICS_PORT", 0, "9090", 9090, ["65536"]),
    ("TLS_CERT", None, "", None, ["cert.pem"]),
    ("TLS_KEY", None, "", None, ["key.pem"]),
    ("TRUSTED_PROXIES", (), "10.1.2.3/8, ::1", NETWORKS, ["proxy", "10.0.0.0/33", "10.0.0.1 10.0.0.2"]),
    ("MAX_MESSAGE_BYTES", 65536, "1024", 1024, ["1023", "99999999", "64K"]),
    ("AUTH_TIMEOUT", 10.0, "0.5", 0.5, ["0", "-1", "1s", "inf", "nan", "1e3"]),
    ("HEARTBEAT_SECONDS", 25.0, "1", 1.0, ["0"]),
    ("PONG_TIMEOUT", 10.0, "1", 1.0, ["0"]),
    ("CLOSE_TIMEOUT", 5.0, "1", 1.0, ["0"]),
    ("SEND_TIMEOUT", 30.0, "1", 1.0, ["0"]),
    ("MAX_ROOM_USERS", 1000, "1", 1, ["0", "100001"]),
    ("MAX_CONNECTIONS", 10_000, "0", 0, ["-1", "many"]),
    ("MAX_HTTP_CONNECTIONS", 1000, "1", 1, ["0"]),
    ("OUTBOX_MESSAGES", 4096, "1", 1, ["0"]),
    ("OUTBOX_BYTES", 2**20, "1024", 1024, ["1023"]),
    ("STORE_TIMEOUT", 1.8, "0.1", 0.1, ["0.09"]),
    ("DRAIN_SECONDS", 10.0, "0", 0.0, ["-1", "ten"]),
    ("NODE_LEASE_SECONDS", 15.0, "1", 1.0, ["0.5"]),
    ("ROOM_IDLE_SECONDS", 86400.0, "0.1", 0.1, ["0"]),
    (
        "ICE_SERVERS",
        ({"urls": ["stun:stun.l.google.com:19302"]},),
        STUN,
        ({"urls": "stun:a"}, {"urls": ["turn:b"], "username": "u", "credential": "c"}),
        [
            "stun:a",
            "{}",
            "[1]",
            '[{"url":"stun:a"}]',
            '[{"urls":[]}]',
            '[{"urls":[1]}]',
            '[{"urls":"a","credential":5}]',
            "[" * 99_999,
        ],
    ),
    (
        "TURN_URLS",
        (),
        "turn:a , turns:b?transport=tcp",
        ("turn:a", "turns:b?transport=tcp"),
        ["stun:a", "turn:a,http://b"],
    ),
    ("TURN_SECRET", "", "x", "x", []),
    ("TURN_TTL_SECONDS", 3600, "1", 1, ["0"]),
    *(
        (f"RATE_LIMIT_{name}", default, "0", 0, ["-1", "1.5", "10/m"])
        for name, default in (
            ("CONNECTIONS", 10),
            ("CREATE_ROOM", 5),
            ("JOIN_ROOM", 20),
            ("LIST_ROOMS", 30),
            ("REQUESTS", 100),
            ("AUTH", 10),
            ("FLOOD", 200),
        )
    ),
]
