"""Log records: JSON lines without secrets."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio

from tests.unit.tokens import CLAIMS, signed
from trio_signal.telemetry.logs import bind_node, configure_logging, get_logger, redact, redact_text

TOKEN = signed(CLAIMS)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Give the loggers back as they were, and close what was opened."""
    root, ours = logging.getLogger(), logging.getLogger("trio_signal")
    before = root.handlers, root.level, ours.level
    yield
    for handler in root.handlers:
        if handler not in before[0]:
            handler.close()
    root.handlers, root.level = before[0], before[1]
    ours.setLevel(before[2])
    structlog.reset_defaults()


def configured(level: str = "info", log_dir: Path | None = None, *, json_lines: bool = True) -> io.StringIO:
    """Logging set up on a stream of our own."""
    stream = io.StringIO()
    configure_logging(level, json_lines=json_lines, log_dir=log_dir, stream=stream)
    return stream


def records(text: str) -> list[dict[str, Any]]:
    """The JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def test_a_record_is_one_json_line() -> None:
    """With `timestamp`, `level`, `event` and the ids that are known."""
    stream = configured()
    get_logger().info("joined\nhere", peerId="p_1", userId=7, roomId="r-1", code=None)
    [record] = records(stream.getvalue())
    assert record.pop("timestamp").endswith("Z")
    assert record == {
        "level": "info",
        "event": "joined\nhere",
        "peerId": "p_1",
        "userId": 7,
        "roomId": "r-1",
        "code": None,
    }


async def test_the_nodes_id_is_on_every_record() -> None:
    """Of this task and those it starts, others' loggers too; not of the rest of the process."""
    stream = configured()

    async def serve() -> None:
        bind_node("n_1")
        async with trio.open_nursery() as nursery:  # noqa: ASYNC112 - what a task of its own inherits is the point
            nursery.start_soon(say)

    async def say() -> None:
        get_logger().info("ours")
        logging.getLogger("hypercorn").warning("theirs")

    async with trio.open_nursery() as nursery:  # noqa: ASYNC112 - bound in a task of its own
        nursery.start_soon(serve)
    get_logger().info("outside")
    assert [record.get("nodeId") for record in records(stream.getvalue())] == ["n_1", "n_1", None]


@pytest.mark.parametrize(("level", "seen"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_says_what_is_written(level: str, seen: int) -> None:
    """LOG_LEVEL."""
    stream = configured(level)
    for name in ("debug", "info", "warning", "error"):
        getattr(get_logger(), name)("said")
    assert len(records(stream.getvalue())) == seen


def test_errors_are_in_a_file_of_their_own(tmp_path: Path) -> None:
    """And with everything else in `combined.log`."""
    configured(log_dir=tmp_path / "new" / "logs", json_lines=False)
    get_logger().info("fine")
    get_logger().error("bad")
    combined = records((tmp_path / "new" / "logs" / "combined.log").read_text())
    errors = records((tmp_path / "new" / "logs" / "error.log").read_text())
    assert [record["event"] for record in combined] == ["fine", "bad"]
    assert [record["event"] for record in errors] == ["bad"]


def test_others_loggers_come_the_same_way() -> None:
    """Warnings of libraries too are JSON lines."""
    stream = configured()
    logging.getLogger("hypercorn.error").warning("a request to %s failed", f"/ws?token={TOKEN}")
    logging.getLogger("hypercorn.error").info("not this")
    [record] = records(stream.getvalue())
    assert record["event"] == "a request to /ws?token=[redacted] failed"


def test_a_trace_is_in_the_record_without_its_secrets() -> None:
    """One line still."""
    stream = configured()
    get_logger().error("failed", exc_info=ValueError(f"Authorization: Bearer {TOKEN}"))
    [record] = records(stream.getvalue())
    assert "ValueError" in record["exception"]
    assert TOKEN not in stream.getvalue()


def test_a_group_of_faults_is_in_the_record() -> None:
    """As a connection's guard logs it."""
    stream = configured()
    group = ExceptionGroup("several", [ValueError("the cause")])
    get_logger().error("connection failed", exc_info=group)
    assert "the cause" in records(stream.getvalue())[0]["exception"]


@pytest.mark.parametrize(
    "key", ["token", "Token", "password", "secret", "Authorization", "sdp", "candidate", "credential"]
)
@pytest.mark.parametrize("json_lines", [True, False])
def test_values_of_telltale_keys_are_taken_out(key: str, json_lines: bool) -> None:
    """Whatever they are, in both forms."""
    stream = configured(json_lines=json_lines)
    get_logger().info("said", **{key: {"value": "v3ry secret"}})
    assert "v3ry" not in stream.getvalue()
    assert "[redacted]" in stream.getvalue()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"GET /ws?token={TOKEN}&room=a HTTP/1.1", "GET /ws?token=[redacted]&room=a HTTP/1.1"),
        ("/ws?a=1&TOKEN=abc", "/ws?a=1&TOKEN=[redacted]"),
        ("password=hunter2 secret=x", "password=[redacted] secret=[redacted]"),
        (f"bearer.{TOKEN}, trio-signal.v1", "bearer.[redacted], trio-signal.v1"),
        (f"{{'authorization': 'Bearer {TOKEN}'}}", "{'authorization': 'Bearer [redacted]'}"),
        ("nothing here: tokens are secret", "nothing here: tokens are secret"),
    ],
)
def test_secrets_within_texts_are_taken_out(text: str, clean: str) -> None:
    """And nothing else."""
    assert redact_text(text) == clean


def test_redaction_leaves_other_values_alone() -> None:
    """Numbers, None and ids."""
    event = {"event": "joined", "userId": 7, "peerId": "p_1", "code": None}
    assert redact(None, "info", dict(event)) == event
