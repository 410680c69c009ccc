"""Passwords: argon2id, and equal time for accounts that are not there."""

import argon2
import pytest

from trio_signal.auth import PasswordHasher


@pytest.fixture(scope="module")
def hasher() -> PasswordHasher:
    """A quick one."""
    return PasswordHasher(argon2.PasswordHasher(time_cost=2, memory_cost=1024, parallelism=1))


def test_a_password_matches_its_hash_alone(hasher: PasswordHasher) -> None:
    """The same password has another hash each time."""
    stored = hasher.hash("correct horse 말")
    assert stored.startswith("$argon2id$")
    assert stored != hasher.hash("correct horse 말")
    assert hasher.matches(stored, "correct horse 말")
    assert not hasher.matches(stored, "correct horse")


@pytest.mark.parametrize("stored", [None, "", "no hash", "$argon2id$v=19$m=1024,t=2,p=1$broken"])
def test_nothing_matches_an_account_without_a_password(hasher: PasswordHasher, stored: str | None) -> None:
    """Not even the decoy's own password."""
    assert not hasher.matches(stored, "nobody has this password")


def test_an_unknown_account_costs_as_much_as_a_wrong_password(hasher: PasswordHasher) -> None:
    """One hash is computed either way, so time tells nothing."""
    stored, computed = hasher.hash("a password"), []
    original = argon2.PasswordHasher.verify

    class Counting(argon2.PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002 - argon2's name
            computed.append(argon2.extract_parameters(str(hash)))
            return original(self, hash, password)

    counting = PasswordHasher(Counting(time_cost=2, memory_cost=1024, parallelism=1))
    counting.matches(stored, "wrong")
    counting.matches(None, "wrong")
    assert len(computed) == 2
    assert computed[0] == computed[1]


def test_the_real_hasher_asks_for_enough() -> None:
    """argon2id, at least 19 MiB and two passes (OWASP's minimum)."""
    asked = argon2.extract_parameters(PasswordHasher().decoy)
    assert asked.type is argon2.Type.ID
    assert asked.memory_cost >= 19 * 1024
    assert asked.time_cost >= 2
