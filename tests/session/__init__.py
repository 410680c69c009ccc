"""Sessions on memory links: no sockets, no threads, a clock that jumps."""
