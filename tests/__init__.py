"""The tests of trio-signal."""
