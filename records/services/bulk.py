"""Acts on many rows of a list: picked, looked at beforehand, done row by row, each row and the act as a whole written down."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from foodsafe_portal.lib.bulk import among
from foodsafe_portal.lib.lists import BulkAct, Listing, listing
from foodsafe_portal.lib.refusals import Refusal
from records.models import Job
from records.services import audit, jobs

KIND: Final = "bulk"
INLINE: Final = 200
"""Up to so many rows are done at once; more are done in the background."""
CHUNK: Final = 50
LOOKED_AT: Final = 500
NAMED: Final = 5
TOLD_REFUSALS: Final = 500
"""So many refused rows are kept by name; beyond that they are only counted."""


@dataclass(frozen=True, slots=True)
class Picked:
    """The rows somebody picked of a list, by key, oldest key first; ``whole``: everything that the filter holds."""

    listing: Listing
    keys: tuple[int, ...]
    whole: bool
    query: str

    @property
    def digest(self) -> str:
        """Tells whether the same rows are picked as before."""
        return hashlib.sha256(",".join(map(str, self.keys)).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some of the rows cannot be done: the sentence, how many, and the first of them by name."""

    sentence: str
    count: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What an act would do to the rows that are picked."""

    picked: Picked
    possible: int
    reasons: tuple[Reason, ...]

    @property
    def refused(self) -> int:
        """How many would be refused."""
        return sum(reason.count for reason in self.reasons)


def pick(found: Listing, user: Any, *, keys: Sequence[str], query: str, whole: bool) -> Picked:
    """The picked rows that this person sees in the list; anything else is as absent.

    ``query`` is the address of the list; ``whole`` takes everything it holds, else ``keys`` are taken.
    """
    if whole:
        rows = found.narrowed(found.asked(user, QueryDict(query), timezone.localdate()))
    else:
        numbers = [int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 16]
        rows = among(found.rows(user), "id", numbers) if numbers else found.rows(user).none()
    chosen = tuple(sorted(set(rows.order_by().values_list("pk", flat=True))))
    return Picked(found, chosen, whole, query)


def _rows(found: Listing, act: BulkAct, user: Any, keys: Sequence[int]) -> QuerySet:
    rows = among(found.rows(user), "id", keys).order_by("pk")
    return rows.select_related(*act.related) if act.related else rows


def _chunks(keys: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (keys[at : at + size] for at in range(0, len(keys), size))


def preview(picked: Picked, act: BulkAct, *, by: Any, told: Mapping[str, Any]) -> Preview:
    """What ``act`` would do to the picked rows and what it would refuse, by the rules its service runs; writes nothing."""
    counted: Counter[str] = Counter()
    names: dict[str, list[str]] = {}
    for keys in _chunks(picked.keys, LOOKED_AT):
        rows = list(_rows(picked.listing, act, by, keys))
        why = act.check(rows, by, told)
        for row in rows:
            if sentence := why.get(row.pk):
                counted[sentence] += 1
                if len(shown := names.setdefault(sentence, [])) < NAMED:
                    shown.append(str(row))
    reasons = tuple(
        Reason(sentence, count, tuple(names[sentence])) for sentence, count in counted.most_common()
    )
    return Preview(picked, len(picked.keys) - counted.total(), reasons)


def start_bulk(picked: Picked, act: BulkAct, *, by: Any, told: Mapping[str, Any], token: str) -> Job:
    """Do the act: few rows at once, many in the background; a second submission with the same ``token`` is the same work.

    ``told`` is the form as it was sent, ready for JSON.
    """
    job = jobs.enqueue(
        kind=KIND,
        params={
            "list": picked.listing.key,
            "act": act.code,
            "label": str(act.label),
            "keys": list(picked.keys),
            "told": dict(told),
        },
        by=by,
        dedupe_key=f"bulk {by.pk} {token}",
        total=len(picked.keys),
    )
    return jobs.run_inline(job) if len(picked.keys) <= INLINE else job


def do_bulk(job: Job, progress: jobs.Progress) -> dict[str, Any]:
    """Do the rows of a job in short transactions; whoever takes the job over goes on behind the last one that was committed."""
    found = listing(job.params["list"])
    act = next((act for act in found.bulk if act.code == job.params["act"]), None)
    by = job.created_by
    if act is None or by is None or not by.can(act.permission) or not by.can(found.permission):
        raise jobs.JobRefused(_("您的岗位现在不能批量办理这件事；没有办理任何一件。"))
    form = act.form_for(by, QueryDict(job.params["told"]["form"])) if act.form else None
    if form is not None and not form.is_valid():
        raise jobs.JobRefused(_("填写的内容现在不能用了，请重新办理；没有办理任何一件。"))
    told = form.cleaned_data if form is not None else {}
    keys = job.params["keys"]
    so_far = job.result or {"at": 0, "done": 0, "refused": 0, "refusals": []}
    for part in _chunks(keys[so_far["at"] :], CHUNK):
        with transaction.atomic():
            progress.guard()
            _do_part(found, act, by, told, part, so_far)
            so_far["at"] += len(part)
            if so_far["at"] == len(keys):
                _write_down(job, found, by, so_far)
            Job.objects.filter(pk=job.pk).update(result=so_far)
        progress(so_far["at"], len(keys))
    so_far["said"] = _said(job.params["label"], so_far)
    return so_far


def _do_part(
    found: Listing,
    act: BulkAct,
    by: Any,
    told: Mapping[str, Any],
    keys: Sequence[int],
    so_far: dict[str, Any],
) -> None:
    """One row after the other; a refused one leaves no trace but its sentence."""
    rows = {row.pk: row for row in _rows(found, act, by, keys)}
    for key in keys:
        row = rows.get(key)
        try:
            if row is None:
                raise Refusal(_("已不在您能办理的范围内"))
            with transaction.atomic():
                act.do(row, by, told)
        except Refusal as refusal:
            so_far["refused"] += 1
            if len(so_far["refusals"]) < TOLD_REFUSALS:
                so_far["refusals"].append({"key": key, "name": str(row or key), "why": str(refusal)})
        else:
            so_far["done"] += 1


def _write_down(job: Job, found: Listing, by: Any, so_far: Mapping[str, Any]) -> None:
    """The event of the act as a whole."""
    audit.record(
        by=by,
        action="bulk.done",
        target_type="records.job",
        target_id=str(job.pk),
        target_name=_("%(list)s：%(act)s") % {"list": found.title, "act": job.params["label"]},
        after={
            "list": found.key,
            "act": job.params["act"],
            "rows": len(job.params["keys"]),
            "done": so_far["done"],
            "refused": so_far["refused"],
        },
    )


def _said(label: str, so_far: Mapping[str, Any]) -> str:
    words = {"act": label, "done": so_far["done"], "refused": so_far["refused"]}
    if so_far["refused"]:
        return _("%(act)s：办理 %(done)s 件，没有办 %(refused)s 件") % words
    return _("%(act)s：办理 %(done)s 件") % words
