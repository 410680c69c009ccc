"""Rows that outlive a connection: users, rooms, and who was in them."""
