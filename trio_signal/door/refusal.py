"""An HTTP answer of our own, where no framework is at work yet: refused upgrades, bad heads."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
import trio

from trio_signal.door.transport import AnyStream, linger, send
from trio_signal.protocol.codes import Refused
from trio_signal.session.link import LinkBroken

SEND_TIMEOUT_S = 5.0


def error_body(refused: Refused) -> bytes:
    """The JSON error body of HTTP answers: `{"success":false,"error":{…}}`."""
    return msgspec.json.encode({"success": False, "error": refused.as_object()})


async def refuse(stream: AnyStream, refused: Refused, headers: Mapping[str, str] | None = None) -> None:
    """Answer with the refusal's status and JSON body, and close. Never raises but for Cancelled."""
    body = error_body(refused)
    fields = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
        **(headers or {}),
    }
    head = f"HTTP/1.1 {refused.status} {HTTPStatus(refused.status).phrase}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    try:
        with trio.move_on_after(SEND_TIMEOUT_S):
            await send(stream, head.encode("latin-1") + b"\r\n" + body)
    except LinkBroken:
        return
    await linger(stream)
