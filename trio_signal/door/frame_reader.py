"""The frame reader of the express lane: complete text frames off the bytes, everything else up to wsproto.

Pure: bytes in, payloads out, no I/O. The express form is what clients send nearly always: FIN, text, no RSV bit,
masked, minimal length, within the size limit, valid UTF-8 (RFC 6455 sections 5.2 and 8.1). Whatever differs goes up
untouched, for wsproto to judge; while a fragmented message is open, everything does. Pongs are taken out: wsproto has
no use for them, and they are the heartbeat. Messages over the limit are seen by their headers, before they are read.
"""

from enum import Enum, auto

_FIN_TEXT = 0x81
_MASKED = 0x80
_CONTROL = 0x08
_PONG = 0x0A
_OPCODES = frozenset({0, 1, 2, 8, 9, 10})


class Step(Enum):
    """What `FrameReader.next` met, besides payloads."""

    MORE = auto()
    """All bytes are used or kept; feed more."""
    UP = auto()
    """`take_up` has bytes for wsproto; go on when it has had them."""
    PONG = auto()
    """The peer answered a ping."""
    SKIPPED = auto()
    """Data was dropped."""
    TOO_BIG = auto()
    """A message over the limit has begun; from here on data does not go up."""


class FrameReader:
    """Splits one connection's bytes. After each `feed`, call `next` until it gives Step.MORE.

    Memory is bounded by one frame of `max_message_bytes` and what was fed last.
    """

    __slots__ = (
        "_data",
        "_ends_message",
        "_fragmented",
        "_max_bytes",
        "_message_bytes",
        "_odd",
        "_passing",
        "_pos",
        "_skipping",
        "_up",
        "message_up",
        "skip_data",
    )

    def __init__(self, max_message_bytes: int) -> None:
        self._max_bytes = max_message_bytes
        self._data = b""
        self._pos = 0
        self._up = b""
        self._passing = 0
        self._skipping = 0
        self._message_bytes = 0
        self._ends_message = False
        self._fragmented = False
        self._odd = False
        self.message_up = False
        """Whether a whole data message has gone up that nobody has confirmed yet."""
        self.skip_data = False
        """Whether data frames stay down (`next` still gives plain text): only the close handshake matters now."""

    def feed(self, data: bytes) -> None:
        """Add bytes that were received."""
        self._data = self._data[self._pos :] + data if self._pos < len(self._data) else data
        self._pos = 0

    def next(self) -> bytes | Step:
        """The next message's payload (UTF-8), or what else there is."""
        data, pos = self._data, self._pos
        have = len(data) - pos
        if self._passing or self._odd or self._skipping:
            return self._pass_on()
        if have < 6:
            return self._slow_or_more(have)
        if data[pos] != _FIN_TEXT or self._fragmented or data[pos + 1] < _MASKED:
            return self._slow()
        size = data[pos + 1] & 0x7F
        start = pos + 6
        if size > 125:
            if size == 127 or have < 8:
                return self._slow()
            size = data[pos + 2] << 8 | data[pos + 3]
            start = pos + 8
            if size < 126:
                return self._slow()
        if size > self._max_bytes:
            return self._slow()
        end = start + size
        if end > len(data):
            return Step.MORE
        payload = unmask(data[start:end], data[start - 4 : start])
        if not payload.isascii() and not _is_utf8(payload):
            return self._slow()
        self._pos = end
        return payload

    def take_up(self) -> bytes:
        """The bytes for wsproto."""
        up, self._up = self._up, b""
        return up

    def _slow_or_more(self, have: int) -> Step:
        """Too few bytes for a masked frame: wait, unless they already show that it will not be one."""
        if not have:
            self._data, self._pos = b"", 0
            return Step.MORE
        return self._slow()

    def _slow(self) -> Step:
        """A frame that is not of the express form: its header is looked at, its bytes go up."""
        data, pos = self._data, self._pos
        have = len(data) - pos
        if have < 2:
            return self._all_up() if data[pos] & 0x70 else Step.MORE
        first, second = data[pos], data[pos + 1]
        opcode, size = first & 0x0F, second & 0x7F
        if self._is_odd(first, second):
            return self._all_up()
        header = 6 + (0, 2, 8)[max(0, size - 125)]
        if have < header:
            return Step.MORE
        if size > 125:
            least = 126 if size == 126 else 65536
            size = int.from_bytes(data[pos + 2 : pos + header - 4], "big")
            if size < least or size >> 63:
                return self._all_up()
        if opcode == _PONG:
            return self._pong(pos + header + size)
        if opcode < _CONTROL:
            return self._data_frame(first, pos + header, size)
        self._ends_message = False
        return self._begin(pos + header, size)

    def _data_frame(self, first: int, start: int, size: int) -> Step:
        """A fragment, a binary frame, a text that is no UTF-8; or one too many bytes of a message."""
        if not self.skip_data and self._message_bytes + size > self._max_bytes:
            self.skip_data = True
            return Step.TOO_BIG
        self._fragmented = first < 0x80
        if self.skip_data:
            self._pos, self._skipping = start, size
            return self._skip()
        self._ends_message = not self._fragmented
        self._message_bytes = 0 if self._ends_message else self._message_bytes + size
        return self._begin(start, size)

    def _begin(self, start: int, size: int) -> Step:
        """The frame's header goes up, and its payload as it comes."""
        self._up += self._data[self._pos : start]
        self._pos, self._passing = start, size
        return self._pass_on() if size else self._frame_is_up()

    def _skip(self) -> Step:
        end = min(len(self._data), self._pos + self._skipping)
        self._skipping -= end - self._pos
        self._pos = end
        return Step.SKIPPED

    def _is_odd(self, first: int, second: int) -> bool:
        """Whether wsproto will refuse this frame, judged by two bytes: then there is no way back."""
        opcode, final = first & 0x0F, first >= 0x80
        if first & 0x70 or opcode not in _OPCODES or second < _MASKED:
            return True
        if opcode >= _CONTROL:
            return not final or second & 0x7F > 125
        return (opcode == 0) != self._fragmented

    def _pong(self, end: int) -> Step:
        if end > len(self._data):
            return Step.MORE
        self._pos = end
        return Step.PONG

    def _pass_on(self) -> Step:
        """Bytes of a frame whose header is up already."""
        data, pos = self._data, self._pos
        if pos >= len(data):
            self._data, self._pos = b"", 0
            return Step.MORE
        if self._odd:
            return self._all_up()
        if self._skipping:
            return self._skip()
        end = min(len(data), pos + self._passing)
        self._up += data[pos:end]
        self._passing -= end - pos
        self._pos = end
        return Step.UP if self._passing else self._frame_is_up()

    def _frame_is_up(self) -> Step:
        self.message_up = self._ends_message
        return Step.UP

    def _all_up(self) -> Step:
        self._odd = True
        self._up += self._data[self._pos :]
        self._pos = len(self._data)
        return Step.UP


def unmask(payload: bytes, mask: bytes) -> bytes:
    """XOR with the repeated four-byte mask (RFC 6455 section 5.3), in C: as one long integer."""
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")


def _is_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
