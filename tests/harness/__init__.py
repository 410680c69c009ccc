"""What the process tests share: a server process, a WebSocket client, an HTTP client, tokens and frames."""
