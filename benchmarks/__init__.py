"""How much CPU and memory the server needs for its work, next to the peers one would pick instead."""
