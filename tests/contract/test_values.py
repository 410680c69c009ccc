"""PROTOCOL.md 6: what names, ids, sizes, reasons and states may be, and how deep JSON may nest."""

import html
import json
import time

import pytest

from tests.contract.conftest import Connect, Meet


@pytest.mark.parametrize("room_id", ["abc", "a" * 100, "A-Z_09", "---", "___", "007"])
async def test_a_good_room_id_is_taken(connect: Connect, room_id: str) -> None:
    """3-100 characters of `A-Z a-z 0-9 - _`."""
    client = await connect()
    assert (await client.ok("create-room", roomId=room_id, name="Good id"))["roomId"] == room_id
    await client.ok("leave-room")


@pytest.mark.parametrize(
    "room_id",
    [
        "",
        "ab",
        "a" * 101,
        "a b",
        "a/b",
        "a.b",
        "a:b",
        "방방방",
        "abc\n",
        " abc",
        "abc ",
        "a\x00b",
        "room#1",
        "ａｂｃ",
    ],
)
@pytest.mark.parametrize("request_", ["create-room", "join-room", "close-room"])
async def test_a_bad_room_id_is_named(connect: Connect, request_: str, room_id: str) -> None:
    """Any other character or length: VALIDATION_ERROR for `roomId`."""
    client = await connect()
    error = await client.refused(request_, roomId=room_id, name="Bad id")
    assert (error["code"], error["details"]["field"]) == ("VALIDATION_ERROR", "roomId")


async def test_a_room_id_made_by_the_server_keeps_the_rules(connect: Connect) -> None:
    """No `roomId`: the server makes one that others can join by."""
    ann, bob = await connect("ann"), await connect("bob")
    room_id = (await ann.ok("create-room", name="Made"))["roomId"]
    assert 3 <= len(room_id) <= 100
    assert all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in room_id)
    await bob.ok("join-room", roomId=room_id)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("ab", "ab"),
        ("x" * 50, "x" * 50),
        ("  Trimmed  ", "Trimmed"),
        (" " * 60 + "Trimmed first", "Trimmed first"),
        ("회의", "회의"),
        ("가" * 50, "가" * 50),
        ("😀😀", "😀😀"),
        ("&", "&"),  # escaped it is five characters
        ("<" * 12, "<" * 12),  # 48
        ("<b>Tom & 'Ann' \"x\"", "<b>Tom & 'Ann' \"x\""),
    ],
)
async def test_a_good_name_is_trimmed_and_escaped(connect: Connect, name: str, kept: str) -> None:
    """`& < > " '` are escaped, nothing else; stored and sent escaped."""
    ann, bob = await connect("ann"), await connect("bob")
    created = await ann.ok("create-room", name=name)
    joined = await bob.ok("join-room", roomId=created["roomId"])
    assert created["name"] == joined["name"]
    assert html.unescape(created["name"]) == kept
    assert not set(created["name"]) & set("<>\"'")
    assert created["name"].replace("&#39;", "&#x27;") == html.escape(kept).replace("&#39;", "&#x27;")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        " a ",
        "   ",
        "x" * 51,
        "<" * 13,
        '"' * 10,
        "x" * 46 + "&",
        "a\x00b",
        "a\nb",
        "a\tb",
        "a\x1bb",
        "a\x7fb",
        "a\x85b",
        "가" * 51,
    ],
)
async def test_a_bad_name_is_named(connect: Connect, name: str) -> None:
    """Too short or, escaped, too long (2-50), or with a control character."""
    client = await connect()
    error = await client.refused("create-room", name=name)
    assert (error["code"], error["details"]["field"]) == ("VALIDATION_ERROR", "name")


@pytest.mark.parametrize("max_users", [1, 2, 1000])
async def test_a_good_size_is_taken(connect: Connect, max_users: int) -> None:
    """An integer 1 to 1000."""
    client = await connect()
    assert (await client.ok("create-room", name="Sized", maxUsers=max_users))["maxUsers"] == max_users


@pytest.mark.parametrize("max_users", [0, -1, 1001, 2**63, 10**30])
async def test_a_size_out_of_range_is_named(connect: Connect, max_users: int) -> None:
    """0, negative or more than MAX_ROOM_USERS."""
    client = await connect()
    error = await client.refused("create-room", name="Sized", maxUsers=max_users)
    assert (error["code"], error["details"]["field"]) == ("VALIDATION_ERROR", "maxUsers")


async def test_a_reason_of_200_characters_is_escaped(meet: Meet) -> None:
    """The limit counts before escaping."""
    ann, bob = await meet("ann", "bob")
    reason = "<&>'\"" + "사" * 195
    await ann.ok("close-room", reason=reason)
    sent = (await bob.event("room-closed"))["reason"]
    assert html.unescape(sent) == reason
    assert not set(sent) & set("<>\"'")


@pytest.mark.parametrize("fields", [{"type": "close-room"}, {"type": "kick", "peerId": "p_x"}])
async def test_a_reason_of_201_characters_is_named(meet: Meet, fields: dict[str, str]) -> None:
    """Too long: VALIDATION_ERROR for `reason`."""
    (ann,) = await meet("ann")
    await ann.send({**fields, "id": 0, "reason": "x" * 201})
    error = (await ann.reply(0))["error"]
    assert (error["code"], error["details"]["field"]) == ("VALIDATION_ERROR", "reason")


@pytest.mark.parametrize(
    ("state", "fits"),
    [
        ('{"a":"' + "x" * 4088 + '"}', True),
        ('{"a":"' + "x" * 4089 + '"}', False),
        ('{"a":"' + "방" * 1362 + 'xx"}', True),  # 4,096 bytes
        ('{"a":"' + "방" * 1363 + '"}', False),
        ('{"a":' + " " * 4089 + "1}", True),
        ('{"a":' + " " * 4090 + "1}", False),  # counted as sent
        ('{"a":"' + r"\u00e9" * 681 + 'xx"}', True),
        ('{"a":"' + r"\u00e9" * 682 + '"}', False),
    ],
    ids=[
        "4096",
        "4097",
        "wide 4096",
        "wide 4097",
        "spaced 4096",
        "spaced 4097",
        "escaped 4096",
        "escaped 4100",
    ],
)
async def test_a_state_has_4096_bytes_as_sent(meet: Meet, state: str, fits: bool) -> None:
    """White space and escapes count as they stand on the wire; more is a VALIDATION_ERROR for `state`."""
    (ann,) = await meet("ann")
    assert (len(state.encode()) <= 4096) is fits
    await ann.send(f'{{"type":"set-state","id":1,"state":{state}}}')
    reply = await ann.reply(1)
    assert reply["success"] is fits
    assert fits or reply["error"]["details"]["field"] == "state"


def nested(depth: int) -> str:
    """A `message` that is `depth` levels deep, its own object counted."""
    inner = depth - 1
    opened = "".join('{"a":' if level % 2 else "[" for level in range(inner))
    closed = "".join("}" if level % 2 else "]" for level in reversed(range(inner)))
    return f'{{"type":"message","id":1,"data":{opened}{1 if inner % 2 == 0 else ""}{closed}}}'


@pytest.mark.parametrize("depth", [2, 3, 31, 32])
async def test_json_may_be_32_levels_deep(meet: Meet, depth: int) -> None:
    """The message's own object is the first level."""
    ann, bob = await meet("ann", "bob")
    text = nested(depth)
    await ann.send(text)
    assert (await ann.reply(1))["success"] is True
    assert (await bob.event("message"))["data"] == json.loads(text)["data"]


@pytest.mark.parametrize("depth", [33, 34, 100, 10_000])
async def test_deeper_json_is_refused(meet: Meet, depth: int) -> None:
    """33 levels and more: VALIDATION_ERROR, nothing delivered, the connection stays."""
    ann, bob = await meet("ann", "bob")
    await ann.send(nested(depth))
    await ann.ok("message", data="after it")
    refusal = ann.replies[1].body if 1 in ann.replies else (await ann.event("error"))
    assert refusal["error"]["code"] == "VALIDATION_ERROR"
    assert [event["data"] for event in await bob.pending()] == ["after it"]


@pytest.mark.parametrize("member", ["unknown", "state", "candidate", "sdp"])
async def test_deep_json_is_refused_in_any_member(meet: Meet, member: str) -> None:
    """Also in members that would be ignored."""
    (ann,) = await meet("ann")
    kind = {"state": "set-state", "candidate": "ice-candidate", "sdp": "offer"}.get(member, "ping")
    await ann.send(f'{{"type":"{kind}","{member}":{{"a":{"[" * 31}{"]" * 31}}}}}')
    assert (await ann.error())["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("data", ["[" * 500, "{" * 500, '"' + "[" * 100, "\\" + "[" * 100, '\\"' + "[{" * 100])
async def test_brackets_inside_strings_are_not_levels(meet: Meet, data: str) -> None:
    """Also behind escaped quotes and backslashes."""
    ann, bob = await meet("ann", "bob")
    await ann.ok("message", data=data)
    assert (await bob.event("message"))["data"] == data


async def test_many_siblings_are_not_levels(meet: Meet) -> None:
    """Depth is not the number of brackets."""
    ann, bob = await meet("ann", "bob")
    data = [[[]], {}, {"a": {}}] * 500
    await ann.ok("message", data=data)
    assert (await bob.event("message"))["data"] == data


async def test_times_are_unix_seconds(connect: Connect, meet: Meet) -> None:
    """`joinedAt`, `createdAt` and `serverTime` are seconds, near the present."""
    ann, _bob = await meet("ann", "bob")
    cy = await connect("cy")
    member = (await cy.ok("join-room", roomId=ann.room_id))["existingUsers"][0]
    server_time = (await ann.ok("ping"))["serverTime"]
    for moment in (member["joinedAt"], server_time):
        assert abs(moment - time.time()) < 60
