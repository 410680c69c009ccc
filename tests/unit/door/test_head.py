"""Request heads: found within bounds, split into parts."""

import contextlib
from collections.abc import Callable

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.door.heads import head_with
from trio_signal.door.head import HEAD_TIMEOUT_S, MAX_HEAD_BYTES, BadHead, RequestHead, parse_head, read_head

HEAD = b"GET /ws?token=a HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n"


async def read(*chunks: bytes, pause_s: float = 0.0, eof: bool = False) -> RequestHead:
    """Read a head that comes in these chunks, with a pause before each."""
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:

        async def send() -> None:
            for chunk in chunks:
                await trio.sleep(pause_s)
                await theirs.send_all(chunk)
            if eof:
                await theirs.aclose()

        nursery.start_soon(send)
        try:
            head = await read_head(ours)
        finally:
            nursery.cancel_scope.cancel()
    return head


async def refusal(*chunks: bytes, pause_s: float = 0.0, eof: bool = False) -> int:
    """The status with which such a head is refused; 0 for silence."""
    with pytest.RaisesGroup(BadHead) as caught:
        await read(*chunks, pause_s=pause_s, eof=eof)
    return caught.value.exceptions[0].status


@pytest.mark.parametrize("size", [1, 2, 7, len(HEAD) - 1, len(HEAD), 1000])
async def test_a_head_is_found_however_it_is_cut(size: int) -> None:
    """And what came behind it is not lost."""
    sent = HEAD + b"\x81\x80mask"
    head = await read(*(sent[start : start + size] for start in range(0, len(sent), size)))
    assert (head.method, head.path, head.query, head.raw) == ("GET", "/ws", "token=a", HEAD)
    assert sent.startswith(head.raw + head.rest)


@pytest.mark.parametrize(
    ("size", "good"), [(MAX_HEAD_BYTES, True), (MAX_HEAD_BYTES + 1, False), (2 * MAX_HEAD_BYTES, False)]
)
@pytest.mark.parametrize("chunk", [1000, 100_000])
async def test_a_head_has_at_most_16_kib(size: int, good: bool, chunk: int) -> None:
    """Whether its end is in sight or not; what comes behind does not count."""
    padding = size - len(b"GET / HTTP/1.1\r\nX: \r\n\r\n")
    sent = b"GET / HTTP/1.1\r\nX: " + b"x" * padding + b"\r\n\r\n" + b"body" * 9000
    chunks = [sent[start : start + chunk] for start in range(0, len(sent), chunk)]
    if good:
        assert len((await read(*chunks)).raw) == size
    else:
        assert await refusal(*chunks) == 431


async def test_a_head_without_end_is_refused_early() -> None:
    """Not read for ever."""
    assert await refusal(*[b"x" * 4096] * 1000) == 431


@pytest.mark.parametrize(("pause_s", "status"), [(0.3, None), (1.0, 408)])
async def test_a_head_has_ten_seconds(
    pause_s: float, status: int | None, autojump_clock: trio.testing.MockClock
) -> None:
    """All of it, however lively it drips."""
    drops = [HEAD[start : start + 2] for start in range(0, len(HEAD), 2)]
    started = trio.current_time()
    if status is None:
        assert (await read(*drops, pause_s=pause_s)).raw == HEAD
    else:
        assert await refusal(*drops, pause_s=pause_s) == status
        assert trio.current_time() - started == pytest.approx(HEAD_TIMEOUT_S)


async def test_one_who_says_nothing_gets_no_answer(autojump_clock: trio.testing.MockClock) -> None:
    """A browser opens connections ahead and may never use them."""
    assert await refusal() == 0
    assert trio.current_time() == pytest.approx(HEAD_TIMEOUT_S)


@pytest.mark.parametrize("sent", [b"", b"GET / HT", HEAD[:-1]])
async def test_one_who_goes_gets_no_answer(sent: bytes) -> None:
    """Before the head's end."""
    assert await refusal(sent, eof=True) == 0


async def test_a_broken_stream_is_one_who_went() -> None:
    """No other error leaves."""
    ours, _theirs = trio.testing.memory_stream_pair()

    async def broken() -> None:
        await trio.lowlevel.checkpoint()
        raise trio.BrokenResourceError

    ours.receive_stream.receive_some_hook = broken
    with pytest.raises(BadHead) as caught:
        await read_head(ours)
    assert caught.value.status == 0


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"GET",
        b"GET /",
        b"GET / HTTP/1.1 more",
        b"GET  / HTTP/1.1",
        b"\x16\x03\x01\x02\x00",
        b"GET / FTP/1.0",
        b": :",
        b"GET\t/\tHTTP/1.1",
    ],
)
def test_what_is_no_request_line_is_refused(line: bytes) -> None:
    """A TLS hello on a plain port, say."""
    with pytest.raises(BadHead) as caught:
        parse_head(line + b"\r\nHost: x\r\n\r\n")
    assert caught.value.status == 400


@given(head=st.binary(max_size=200))
def test_any_bytes_are_a_head_or_refused(head: bytes) -> None:
    """They come from anybody."""
    with contextlib.suppress(BadHead):
        parsed = parse_head(head + b"\r\n\r\n", b"rest")
        assert (parsed.raw, parsed.rest) == (head + b"\r\n\r\n", b"rest")


def test_fields_are_found_by_their_names_in_lower_case() -> None:
    """All of a name, in their order; items across them."""
    head = head_with(("Accept", " a , b"), ("X-One", "1:2"), ("ACCEPT", ",c,"), ("Empty", ""))
    assert list(head.all("accept")) == ["a , b", ",c,"]
    assert head.items("accept") == ["a", "b", "c"]
    assert (head.get("x-one"), head.get("empty"), head.get("absent")) == ("1:2", "", None)


@pytest.mark.parametrize(
    ("fields", "wants"),
    [
        ([("Upgrade", "websocket")], True),
        ([("Upgrade", "h2c, WebSocket")], True),
        ([("Upgrade", "h2c"), ("upgrade", "WEBSOCKET")], True),
        ([("Upgrade", "h2c")], False),
        ([("Connection", "upgrade")], False),
        ([("X-Upgrade", "websocket")], False),
        ([], False),
    ],
)
def test_who_asks_for_a_websocket(fields: list[tuple[str, str]], wants: bool) -> None:
    """Well or badly; the rest is judged later."""
    assert head_with(*fields).wants_websocket is wants


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [("/ws", "/ws", ""), ("/ws?token=a?b&c", "/ws", "token=a?b&c"), ("*", "*", ""), ("/?", "/", "")],
)
def test_the_target_is_a_path_and_a_query(target: str, path: str, query: str) -> None:
    """Parted at the first question mark."""
    head = head_with(target=target)
    assert (head.path, head.query) == (path, query)


@pytest.mark.parametrize("shown", [repr, str])
def test_headers_are_in_no_repr(shown: Callable[[object], str]) -> None:
    """They hold tokens."""
    assert "s3cret" not in shown(head_with(("Authorization", "Bearer s3cret")))
