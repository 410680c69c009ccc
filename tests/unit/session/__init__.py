"""The parts a connection is made of."""
