"""The house rules that a machine can check: every shield has a deadline, no task without an owner, short files."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import trio_signal

ROOT = Path(trio_signal.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
MAX_LINES = 300
MAX_BODY_LINES = 40

LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}
NAME_TELLS = {
    "auth.py": {"auth_error"},
    "domain/identity.py": {"Role"},
    "domain/ids.py": {"new_peer_id", "new_node_id", "new_entry_id"},
    "door/http/answers.py": {"node_of", "json_response", "refusal", "on_refusal", "on_unavailable"},
    "door/http/auth_api.py": {"Registration", "Login"},
    "door/http/health.py": {"routes", "metrics_routes", "metrics"},
    "door/http/rooms_api.py": {"ServerMessage", "list_rooms", "kick"},
    "door/transport.py": {"transport_of"},
    "protocol/values.py": {"check_room_id", "check_max_users", "check_username", "check_password"},
    "session/participant.py": {"room_exists"},
    "store/sqlite_writes.py": {"note_alive"},
    "telemetry/logs.py": {"get_logger"},
}
"""Public names without a docstring, because they say it all, or what they belong to does. It only gets shorter."""
MESSAGES = {"protocol/messages.py", "protocol/events.py"}
"""What is said over the wire: PROTOCOL.md describes each message, and a second description would differ one day."""
SHIELDS_BY_HAND = {
    "store/journal.py:write": "the writer must outlive the scope around the journal; the exit sets the deadline",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def named(path: Path) -> str:
    """The file, as the rules and exceptions name it."""
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def functions(path: Path) -> Iterator[Function]:
    """Every function and method of a file."""
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, Function))


def called(call: ast.Call) -> str:
    """The last name of what is called: `move_on_after` of `trio.move_on_after(…)`."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def shields(tree: ast.AST) -> Iterator[ast.AST]:
    """Every place where something is shielded from cancellation."""
    for node in ast.walk(tree):
        if (isinstance(node, ast.Call) and any(word.arg == "shield" for word in node.keywords)) or (
            isinstance(node, ast.Attribute) and node.attr == "shield" and isinstance(node.ctx, ast.Store)
        ):
            yield node


def has_deadline(shield: ast.AST) -> bool:
    """Whether it is `move_on_after`, `fail_at` and the like, or a scope made with a deadline."""
    if not isinstance(shield, ast.Call):
        return False
    with_deadline = any(word.arg in {"deadline", "relative_deadline"} for word in shield.keywords)
    return called(shield).startswith(("move_on_", "fail_")) or with_deadline


def undated_shields(source: str) -> int:
    return sum(not has_deadline(shield) for shield in shields(ast.parse(source)))


@pytest.mark.parametrize(
    ("source", "undated"),
    [
        ("with trio.CancelScope(shield=True): pass", 1),
        ("scope.shield = True", 1),
        ("with move_on_after(1, shield=True): pass", 0),
        ("with trio.fail_at(1, shield=True): pass", 0),
        ("CancelScope(shield=True, deadline=5)", 0),
        ("nursery.cancel_scope.shield = x", 1),
        ("if scope.shield: pass", 0),
    ],
)
def test_an_undated_shield_is_noticed(source: str, undated: int) -> None:
    """Or the next test would prove nothing."""
    assert undated_shields(source) == undated


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_shield_has_a_deadline(path: Path) -> None:
    """STYLE: shields only in `move_on_*` and `fail_*`; the exceptions are listed with their reasons."""
    excused = sum(name.startswith(named(path) + ":") for name in SHIELDS_BY_HAND)
    assert undated_shields(path.read_text("utf-8")) == excused


def test_the_journals_writer_is_given_its_deadline_at_the_exit() -> None:
    """The one shield that is made without one."""
    assert "writing.deadline = trio.current_time() + flush_s" in (ROOT / "store/journal.py").read_text("utf-8")


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_task_has_an_owner(path: Path) -> None:
    """No system tasks, no threads of our own, no tasks of asyncio."""
    calls = {called(node) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)}
    assert not calls & {"spawn_system_task", "start_thread_soon", "create_task", "ensure_future", "Thread"}


@pytest.mark.parametrize("path", FILES, ids=named)
def test_cancellation_is_never_swallowed(path: Path) -> None:
    """A bare `except:` or `except BaseException` raises again."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "BaseException"
            if "BaseException" in caught or "Cancelled" in caught:
                assert isinstance(node.body[-1], ast.Raise), f"{named(path)}:{node.lineno}"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_file_says_its_subject(path: Path) -> None:
    """In its first line, as a sentence."""
    said = ast.get_docstring(tree_of(path))
    assert said is not None
    assert said.splitlines()[0].endswith((".", "?", ":", ";", ","))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_files_are_short(path: Path) -> None:
    """A longer one needs a reason."""
    assert len(path.read_text("utf-8").splitlines()) <= MAX_LINES or named(path) in LONG_FILES


def body_lines(function: Function) -> int:
    """From the first statement behind the docstring to the last."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", FILES, ids=named)
def test_functions_are_short(path: Path) -> None:
    """One thing at one height."""
    long = {f"{named(path)}:{one.name}" for one in functions(path) if body_lines(one) > MAX_BODY_LINES}
    assert long == {name for name in LONG_FUNCTIONS if name.startswith(named(path) + ":")}


def undocumented(tree: ast.Module) -> list[str]:
    """Public functions and classes of a module without a docstring."""
    public = (node for node in tree.body if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"))
    return [node.name for node in public if not ast.get_docstring(node)]


@pytest.mark.parametrize("path", FILES, ids=named)
def test_what_is_public_is_documented(path: Path) -> None:
    """Shapes, units, limits, errors."""
    missing = set(undocumented(tree_of(path)))
    assert named(path) in MESSAGES or missing <= NAME_TELLS.get(named(path), set())


def test_exceptions_are_of_files_that_exist() -> None:
    """An excuse does not outlive its cause."""
    excused = [*LONG_FILES, *LONG_FUNCTIONS, *SHIELDS_BY_HAND, *NAME_TELLS, *MESSAGES]
    assert all((ROOT / name.partition(":")[0]).is_file() for name in excused)
