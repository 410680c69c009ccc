"""HTTP beside the WebSocket: auth, rooms, health, metrics, the demo page. Starlette on hypercorn."""
