"""What is true: ids, who someone is, a room and who is in it. Pure: no I/O, no clock."""
