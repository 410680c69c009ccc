"""Conformance of the WebSocket transport, judged by a suite that is not ours."""
