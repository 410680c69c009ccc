"""Where the network comes in: request heads, frames, origins."""
