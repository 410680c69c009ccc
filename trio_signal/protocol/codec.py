"""Bytes of a client to a request, or to a refusal that names the field."""

import re
from typing import Any

import attrs
import msgspec

from trio_signal.protocol.codes import Refused, invalid
from trio_signal.protocol.messages import (
    ABSENT,
    REQUEST_TYPES,
    Answer,
    AnyRelay,
    AnyRequest,
    IceCandidate,
    IceServers,
    LeaveRoom,
    Message,
    Offer,
    Ping,
    SessionDescription,
    SetState,
    Signal,
)
from trio_signal.protocol.surrogates import has_surrogates, hide_lone, put_back
from trio_signal.protocol.values import MAX_DEPTH, MAX_ID_CHARS, MAX_STATE_BYTES, is_too_deep

_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(AnyRequest)
_description_decoder = msgspec.json.Decoder(SessionDescription)


class _Envelope(msgspec.Struct):
    type: msgspec.Raw = ABSENT
    id: msgspec.Raw = ABSENT


_envelope_decoder = msgspec.json.Decoder(_Envelope)
WHOLE = ""
"""The `details.field` of what is wrong with a message as a whole."""
_QUOTE, _BRACE, _NULL = b'"{n'
_PATH = re.compile(r" - at `\$\.?([^`]*)`$")
_MISSING = re.compile(r"missing required field `([^`]+)`")
_INTEGER_ID = re.compile(rb"-?\d{1,64}")
_SHALLOW_ID = re.compile(rb'"id"\s*:\s*(-?\d{1,64}|"[^"\\]{0,64}")\s*[,}]')
_SHALLOW_TYPE = re.compile(rb'"type"\s*:\s*"([a-z-]{1,40})"')


@attrs.frozen
class Malformed:
    """A message that is no request: why, and what could be read of its envelope."""

    refused: Refused
    request_id: bytes | None = None
    request_type: str | None = None


def decode(message: bytes) -> AnyRequest | Malformed:
    """One request of a client, its envelope and field types checked; values are checked by who uses them.

    Never raises. Relayed payloads and `state` are left as raw JSON; they are well-formed and at most `MAX_DEPTH` levels
    deep, the message's own object counted.
    """
    try:
        request: AnyRequest = _decoder.decode(message)
    except msgspec.ValidationError as exc:
        return _explain(message, exc)
    except RecursionError:
        return _deep(message)
    except msgspec.DecodeError as exc:
        if has_surrogates(message):
            return _decode_surrogates(message, exc)
        return _not_json(exc)
    except UnicodeDecodeError as exc:
        return _not_json(exc)
    if is_too_deep(message):
        return _deep(message)
    if request.id is ABSENT:
        return request
    request_id = bytes(request.id)
    if not _is_id(request_id):
        refused = invalid("id", f"id is an integer or a string of at most {MAX_ID_CHARS} characters.")
        return Malformed(refused, None, tag_of(request))
    if request_id == b"null":
        request.id = ABSENT
    return request


def _not_json(exc: Exception) -> Malformed:
    return Malformed(invalid(WHOLE, f"Not a JSON object: {exc}."))


def _decode_surrogates(message: bytes, exc: msgspec.DecodeError) -> AnyRequest | Malformed:
    """The same where the decoder may only have stumbled over a lone surrogate: fine in a payload, in no other place."""
    without, hidden = hide_lone(message)
    if not hidden:
        return _not_json(exc)
    request = decode(without)
    if isinstance(request, Malformed):
        request_id = request.request_id and put_back(request.request_id, hidden)
        return Malformed(request.refused, request_id, request.request_type)
    if request.id is not ABSENT:
        request.id = msgspec.Raw(put_back(bytes(request.id), hidden))
    match request:
        case Offer() | Answer() | IceCandidate() | Signal() | Message():
            request.payload = msgspec.Raw(put_back(bytes(request.payload), hidden))
        case SetState():
            request.state = msgspec.Raw(put_back(bytes(request.state), hidden))
        case Ping() | LeaveRoom() | IceServers():
            pass
        case _:
            refused = invalid(WHOLE, "A string has half a surrogate pair.")
            return Malformed(refused, bytes(request.id) or None, tag_of(request))
    return request


def tag_of(request: AnyRequest) -> str:
    """The request's `type`."""
    return str(request.__struct_config__.tag)


def check_payload(request: AnyRelay) -> Refused | None:
    """Whether a relayed payload has the shape its type wants (PROTOCOL.md section 3); it is not looked into further."""
    kind, first = type(request), memoryview(request.payload)[0]
    if kind is IceCandidate:
        if first in (_QUOTE, _BRACE, _NULL):
            return None
        return invalid("candidate", "candidate is an object, a string or null.")
    if kind is Offer or kind is Answer:
        if first == _QUOTE or (first == _BRACE and _is_description(request.payload)):
            return None
        return invalid("sdp", "sdp is a string or an object {type, sdp}.")
    return None


def check_state(state: bytes) -> Refused | None:
    """A presence state is an object of at most 4,096 bytes as sent."""
    if not state.startswith(b"{"):
        return invalid("state", "state is an object.")
    if len(state) > MAX_STATE_BYTES:
        return invalid("state", f"state has at most {MAX_STATE_BYTES:,} bytes.")
    return None


def _is_id(raw: bytes) -> bool:
    if raw.startswith(b'"'):
        return len(raw) <= MAX_ID_CHARS + 2 or len(msgspec.json.decode(raw)) <= MAX_ID_CHARS
    return raw == b"null" or _INTEGER_ID.fullmatch(raw) is not None


def _is_description(payload: msgspec.Raw) -> bool:
    try:
        _description_decoder.decode(payload)
    except msgspec.DecodeError:
        return False
    return True


def _deep(message: bytes) -> Malformed:
    """Too deep to parse whole: the envelope is looked for outside the nested part."""
    outer = message[: _first_bracket(message)] + message[max(message.rfind(b"]"), message.rfind(b"}", 0, -1)) :]
    found, kind = _SHALLOW_ID.search(outer), _SHALLOW_TYPE.search(outer)
    refused = invalid(WHOLE, f"JSON nests at most {MAX_DEPTH} levels.")
    return Malformed(refused, found and found[1], kind and kind[1].decode())


def _first_bracket(message: bytes) -> int:
    found = re.search(rb"[\[{]", message[message.find(b"{") + 1 :])
    return found.end() + message.find(b"{") if found else len(message)


def _explain(message: bytes, exc: msgspec.ValidationError) -> Malformed:
    try:
        envelope = _envelope_decoder.decode(message)
    except msgspec.ValidationError:
        return Malformed(invalid(WHOLE, "A message is one JSON object."))
    except (msgspec.DecodeError, UnicodeDecodeError) as syntax:
        return _not_json(syntax)
    except RecursionError:
        return _deep(message)
    request_id: bytes | None = bytes(envelope.id) or None
    if request_id is not None and (request_id == b"null" or not _is_id(request_id)):
        request_id = None
    kind = _type_of(envelope)
    if kind not in REQUEST_TYPES:
        problem = "type is required." if not bytes(envelope.type) else "Unknown type."
        return Malformed(invalid("type", problem), request_id, kind)
    text = str(exc)
    missing, path = _MISSING.search(text), _PATH.search(text)
    if missing:
        return Malformed(invalid(missing[1], f"{missing[1]} is required."), request_id, kind)
    field = path[1] if path else ""
    return Malformed(invalid(field, _PATH.sub("", text) + f" for {field}." if field else text), request_id, kind)


def _type_of(envelope: _Envelope) -> str | None:
    """The `type` as far as it is a string short enough to say back."""
    try:
        kind = msgspec.json.decode(bytes(envelope.type), type=str)
    except msgspec.DecodeError:
        return None
    return kind if len(kind) <= MAX_ID_CHARS else None
