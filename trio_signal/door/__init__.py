"""Where the network comes in: one port, the WebSocket and its express lane, HTTP."""
