"""What is said: codec, values, codes, events, frames."""
