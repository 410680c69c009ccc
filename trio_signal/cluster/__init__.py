"""Who is where: rooms and their members, on this node and (later) on others."""
