"""What a password must be: two profiles, each a short list of reasons why one is refused."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """Why a password is refused."""

    SHORT = "short"
    FEW_CLASSES = "few_classes"
    REPEATED = "repeated"
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Profile:
    """``least``: signs; ``classes``: kinds of signs of four; ``distinct``: different signs; ``run``: signs that may not follow each
    other as in an alphabet or be the same; ``former``: earlier passwords that are not taken again; ``days``: how long one holds, 0 = for
    good.
    """

    least: int
    classes: int
    distinct: int
    run: int
    former: int
    days: int


PROFILES: Final = {
    # GB/T 22239-2019 8.1.4.1 a: complex and changed at intervals; the numbers are the portal's default.
    "dengbao": Profile(least=10, classes=3, distinct=6, run=4, former=5, days=90),
    # OWASP ASVS 5.0, 6.2.1, 6.2.5, 6.2.10: long, of whatever signs, no change without a reason.
    "asvs": Profile(least=12, classes=1, distinct=5, run=12, former=0, days=0),
}


def classes_of(password: str) -> int:
    """Kinds of signs in it: small letters, capitals, digits, all others (letters without case, such as 汉字, among them)."""
    kinds = (str.islower, str.isupper, str.isdigit)
    named = [any(kind(sign) for sign in password) for kind in kinds]
    return sum(named) + any(not any(kind(sign) for kind in kinds) for sign in password)


def longest_run(password: str) -> int:
    """The longest stretch of equal signs or of signs that follow each other, forwards or backwards: ``abcd``, ``4321``, ``aaaa`` are 4."""
    longest = current = min(len(password), 1)
    step: int | None = None
    for before, sign in itertools.pairwise(password):
        now = ord(sign) - ord(before)
        if now in (-1, 0, 1):
            current = current + 1 if now == step else 2
            step = now
        else:
            current, step = 1, None
        longest = max(longest, current)
    return longest


def faults_of(password: str, profile: Profile) -> list[Fault]:
    """Everything that is wrong with a password at once."""
    found = {
        Fault.SHORT: len(password) < profile.least,
        Fault.FEW_CLASSES: classes_of(password) < profile.classes,
        Fault.REPEATED: len(set(password)) < profile.distinct,
        Fault.RUNNING: longest_run(password) >= profile.run,
    }
    return [fault for fault, there in found.items() if there]
