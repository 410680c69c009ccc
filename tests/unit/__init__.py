"""Each module by itself: no processes, no network, no sleeping on the real clock."""
