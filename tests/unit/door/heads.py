"""Request heads made from fields."""

from trio_signal.door.head import RequestHead, parse_head


def head_with(*fields: tuple[str, str], target: str = "/ws") -> RequestHead:
    """The head of a GET with these fields."""
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    return parse_head("\r\n".join([*lines, "", ""]).encode("latin-1"))
