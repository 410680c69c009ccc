"""The wire contract, row by row, over real sockets to a real process."""
