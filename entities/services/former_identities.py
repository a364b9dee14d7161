"""What businesses were known under before: kept when it changes, and asked when a row names nothing of the register."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext_noop

from entities.choices import FormerWhy, Source
from entities.fields import IDENTITY
from entities.models import FormerIdentity
from entities.rules.matching import plain
from foodsafe_portal.lib.bulk import Same, among, insert
from records.ledgers.codes import name_code

WORDS: Final = {
    "name": "名称",
    "credit_code": "信用代码",
    "licence_no": "许可证号",
    "premises_address": "经营场所",
}

name_code("former_identity", gettext_noop("按曾用名称或号码对应"))
name_code("merged_business", gettext_noop("已并入其他主体，按合并结论对应"))


class Identity(NamedTuple):
    """Under what a business stands, or stood, in the register."""

    business_id: int
    match_key: str
    name: str
    credit_code: str
    licence_no: str
    premises_address: str


class Former(NamedTuple):
    """A former identity: whose it was, since when it is not used any more, and the business that is meant today."""

    match_key: str
    name: str
    credit_code: str
    licence_no: str
    premises_address: str
    why: str
    valid_to: date
    business_id: int
    survivor_id: int | None

    @property
    def target_id(self) -> int:
        """The business meant today: after a merger the one that was kept."""
        return self.survivor_id or self.business_id

    @property
    def is_merged(self) -> bool:
        """Whether it belongs to a business that is none of its own any more."""
        return self.survivor_id is not None

    def outdated(self, now: Mapping[str, Any]) -> list[str]:
        """The parts of the identity that are others today (``now``)."""
        return [name for name in IDENTITY if getattr(self, name) and getattr(self, name) != now[name]]


def keep_former(
    identities: Sequence[Identity],
    *,
    on: date,
    at: datetime,
    source: str = Source.PAGE,
    batch_id: int | None = None,
    why: str = FormerWhy.CHANGED,
) -> None:
    """Keep identities that are not used any more from the day ``on``; part of the transaction that changes them."""
    if not identities:
        return
    columns = dict(zip(Identity._fields, map(list, zip(*identities, strict=True)), strict=True))
    insert(
        FormerIdentity,
        {
            **columns,
            "why": Same(str(why)),
            "valid_to": Same(on),
            "source": Same(str(source)),
            "batch_id": Same(batch_id),
            "recorded_at": Same(at),
        },
    )


class FormerIdentities:
    """The former identities that rows may mean, read once; empty while the register has none."""

    def __init__(
        self,
        *,
        keys: Iterable[str] = (),
        licences: Iterable[str] = (),
        codes: Iterable[str] = (),
        names: Iterable[str] = (),
    ) -> None:
        self._known = FormerIdentity.objects.exists()
        self.by_key = self._read("match_key", keys)
        self.by_licence = self._read("licence_no", licences)
        self.by_code = self._read("credit_code", codes)
        self.by_name = self._read("name", {form for name in names for form in (name, plain(name))})

    def __bool__(self) -> bool:
        return bool(self.by_key or self.by_licence or self.by_code or self.by_name)

    def _read(self, column: str, values: Iterable[str]) -> Mapping[str, list[Former]]:
        grouped: dict[str, list[Former]] = defaultdict(list)
        wanted = set(filter(None, values)) if self._known else set()
        if wanted:
            found = among(FormerIdentity.objects.order_by("-valid_to", "-pk"), column, wanted)
            for row in found.values_list(*Former._fields[:-1], "business__merged_into_id"):
                former = Former(*row)
                value = getattr(former, column)
                grouped[plain(value) if column == "name" else value].append(former)
        return grouped

    def at_premises(self, *, code: str | None, name: str | None, premises: str | None) -> list[Former]:
        """Identities with this credit code, or without one with this name, at these premises."""
        there = plain(premises or "")
        asked = self.by_code.get(code, ()) if code else self.by_name.get(plain(name or ""), ())
        return [former for former in asked if plain(former.premises_address) == there]


def one_of(formers: Collection[Former]) -> Former | None:
    """The newest of these identities when they all belong to one business; None when it cannot be told which is meant."""
    if len({former.target_id for former in formers}) != 1:
        return None
    return next(iter(formers))


def words_of(names: Iterable[str]) -> str:
    """The parts of an identity in words."""
    return "、".join(WORDS[name] for name in names)
