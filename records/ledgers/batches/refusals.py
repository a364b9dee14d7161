"""What people are told when a ledger cannot be taken, confirmed or undone."""

from __future__ import annotations


class LedgerRefused(Exception):
    """The act is refused; ``sentence`` says in Chinese why and what to do, ``code`` is short and stable."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
