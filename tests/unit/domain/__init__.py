"""What is true: ids, identities, rooms."""
