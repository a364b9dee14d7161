"""What keeps an undo from taking a row out: who holds it, and what has fallen with an undone batch and holds nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Model, ProtectedError, QuerySet

from foodsafe_portal.lib.bulk import among
from records.choices import BatchState
from records.models import LedgerBatch


def fallen(rows: QuerySet) -> QuerySet:
    """The rows that undone batches wrote and that are voided: nobody speaks of them any more. None of a table without such marks."""
    names = {field.attname for field in rows.model._meta.concrete_fields}
    if not {"voided_at", "batch_id"} <= names:
        return rows.none()
    undone = LedgerBatch.objects.filter(state=BatchState.UNDONE)
    return rows.filter(voided_at__isnull=False, batch_id__in=undone.values("pk"))


def holders(rows: QuerySet, name: str) -> dict[Any, str]:
    """Key in column ``name`` → who holds it: the batch's number and its uploader, else whoever recorded the row; '' = not known."""
    names = {field.attname for field in rows.model._meta.concrete_fields}
    ours = {"pk": fallen(rows).values("pk")}
    standing = rows.exclude(pk__in=ours["pk"])
    if "batch_id" not in names:
        return dict.fromkeys(standing.values_list(name, flat=True).distinct(), "")
    found = dict(standing.order_by("pk").values_list(name, "batch_id"))
    sent = LedgerBatch.objects.filter(pk__in=set(found.values()) - {None}).select_related("uploaded_by")
    told = {batch.pk: f"{batch.number} {batch.uploaded_by}" for batch in sent}
    return {key: told.get(batch, "") for key, batch in found.items()}


def drop_fallen(models: Collection[tuple[type[Model], str]], keys: Collection[Any]) -> None:
    """Delete the fallen rows that speak of ``keys`` in these columns (model, attribute name), dependants first.

    Raises ``ProtectedError`` when something that has not fallen speaks of one of them.
    """
    waiting = [
        rows for model, name in models if (rows := fallen(among(model._base_manager.all(), name, keys)))
    ]
    while waiting:
        left: list[QuerySet] = []
        refused: ProtectedError | None = None
        for rows in waiting:
            try:
                rows.model._base_manager.filter(pk__in=[row.pk for row in rows]).delete()
            except ProtectedError as still:
                left.append(rows)
                refused = still
        if refused is not None and len(left) == len(waiting):
            raise refused
        waiting = left
