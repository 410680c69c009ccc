"""What is said: messages, events, values, error and close codes, frames. Pure: no I/O, no clock."""
