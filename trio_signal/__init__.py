"""trio-signal: a WebRTC signaling server on Trio, for clients over plain WebSocket."""

__version__ = "0.1.0"
