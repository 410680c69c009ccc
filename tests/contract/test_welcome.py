"""PROTOCOL.md 1: subprotocol selection, and the welcome that comes first of all."""

import time

import pytest

from tests.contract.conftest import Connect
from tests.harness.client import open_socket
from tests.harness.server import Server
from tests.harness.tokens import mint


@pytest.mark.parametrize("offered", [["trio-signal.v1"], ["chat", "trio-signal.v1"], ["trio-signal.v1", "v2"]])
async def test_the_servers_subprotocol_is_selected_when_offered(connect: Connect, offered: list[str]) -> None:
    """`trio-signal.v1` is chosen, wherever it stands in the list."""
    client = await connect(subprotocols=offered)
    assert client.socket.subprotocol == "trio-signal.v1"


@pytest.mark.parametrize("offered", [[], ["chat"], ["TRIO-SIGNAL.V1"], ["trio-signal.v2"]])
async def test_nothing_is_selected_that_was_not_offered(connect: Connect, offered: list[str]) -> None:
    """Offering none, or only others, is fine and selects none."""
    client = await connect(subprotocols=offered)
    assert client.socket.subprotocol is None


async def test_the_token_among_the_subprotocols_is_never_echoed(connect: Connect) -> None:
    """`bearer.<jwt>` is read, and `trio-signal.v1` is selected."""
    token = mint("browser-ann")
    client = await connect(token=token, via="subprotocol", subprotocols=[f"bearer.{token}", "trio-signal.v1"])
    assert client.socket.subprotocol == "trio-signal.v1"
    assert token not in str(client.socket.handshake_headers)


async def test_a_bad_token_among_the_subprotocols_still_selects_the_protocol(connect: Connect) -> None:
    """A browser fails an upgrade that selects none of its offers, and could not read the error."""
    client = await connect(via="subprotocol", token="bad", welcome=False)
    assert client.socket.subprotocol == "trio-signal.v1"


async def test_a_token_offered_alone_is_not_echoed(server: Server) -> None:
    """Without `trio-signal.v1` beside it nothing that looks like a token is selected."""
    async with open_socket(server, subprotocols=[f"bearer.{mint()}"]) as client:
        assert client.socket.subprotocol is None


async def test_the_welcome_names_the_connection_and_its_terms(connect: Connect) -> None:
    """Every member of the contract's example, with its type."""
    expiry = int(time.time()) + 1234
    client = await connect(user_id=123, name="hong", role="moderator", exp=expiry)
    welcome = client.welcome
    assert welcome["protocol"] == "trio-signal.v1"
    assert welcome["peerId"].startswith("p_")
    assert welcome["nodeId"].startswith("n_")
    assert (welcome["userId"], welcome["username"], welcome["role"]) == (123, "hong", "moderator")
    assert isinstance(welcome["iceServers"], list)
    assert welcome["heartbeatSeconds"] == 25
    assert welcome["maxMessageBytes"] == 65536
    assert welcome["tokenExpiresAt"] == expiry
    assert {"signal", "presence"} <= set(welcome["features"])


async def test_ice_expiry_is_null_where_nothing_expires(connect: Connect) -> None:
    """Without TURN there are no credentials that lapse."""
    assert (await connect()).welcome["iceExpiresAt"] is None


async def test_a_role_not_given_is_user(connect: Connect) -> None:
    """`role` is optional in the token."""
    assert (await connect()).welcome["role"] == "user"


@pytest.mark.parametrize("user_id", [7, "7", "hong@example.org", "사용자", 2**53 - 1])
async def test_the_user_id_is_the_tokens_own(connect: Connect, user_id: object) -> None:
    """An integer stays an integer, a string stays a string."""
    client = await connect(user_id=user_id)
    assert client.user_id == user_id
    assert type(client.user_id) is type(user_id)


async def test_one_user_may_have_many_peers_with_ids_of_their_own(connect: Connect) -> None:
    """Ten connections of one user: ten different, long peer ids."""
    clients = [await connect(user_id="many") for _ in range(10)]
    peer_ids = {client.peer_id for client in clients}
    assert len(peer_ids) == 10
    assert min(map(len, peer_ids)) >= 18, "128 bits in base64 are 22 characters"


async def test_one_node_has_one_node_id(connect: Connect) -> None:
    """Two connections to one process see the same node."""
    assert (await connect()).welcome["nodeId"] == (await connect()).welcome["nodeId"]
