"""One connected peer, from welcome to goodbye."""
