"""What of the ledgers waits for a person: to confirm, to approve as the second one, to mend what was sent back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foodsafe_portal.lib.badges import badge_of_many
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.waiting import BADGE_TO, Kind, Line, Link, register, tell_acts, waiting_rows
from records.choices import BatchState, Verdict
from records.ledgers import batches, kind_of
from records.models import LedgerBatch

LEDGERS = gettext_lazy("份")

badge_of_many("my-work", "%(n)s", lambda user: waiting_rows(user, timezone.localdate()), to=BADGE_TO)


def _lines(rows: Sequence[LedgerBatch], user: Any, day: date, *, state: bool = False) -> list[Line]:
    """Each ledger by its kind and file, with who sent it and when, and why it came back."""
    lines = []
    for batch in rows:
        url = reverse("ledger-batch", args=[batch.pk])
        sent = f"{timezone.localtime(batch.uploaded_at):%m-%d %H:%M}"
        declined = batch.state == BatchState.REFUSED
        lines.append(
            Line(
                pk=batch.pk,
                title=_("%(kind)s：%(file)s")
                % {"kind": str(kind_of(batch.kind).title), "file": batch.file_name},
                url=url,
                where=" · ".join((str(batch.uploaded_by), sent)),
                note=batch.decision_reason if declined else "",
                state=("wait", _("待批准")) if state else None,
                links=(Link(_("改好再传") if declined else _("去核对"), url, "file-text"),),
            )
        )
    return lines


def _to_confirm(user: Any, day: date) -> QuerySet:
    """Own ledgers that are checked and could be taken in."""
    own = LedgerBatch.objects.visible_to(user).filter(uploaded_by=user, state=BatchState.CHECKED)
    return own.exclude(verdict=Verdict.REFUSE)


def _awaiting_another(user: Any, day: date) -> QuerySet:
    """Own ledgers, and undos one has asked for, on which a second person has yet to decide."""
    imports = Q(uploaded_by=user, state=BatchState.AWAITING)
    undos = Q(undo_asked_by=user, state=BatchState.COMMITTED, undo_asked_at__isnull=False)
    return LedgerBatch.objects.visible_to(user).filter(imports | undos)


register(
    Kind(
        code="ledger_awaiting",
        label=gettext_lazy("台账待批准"),
        unit=LEDGERS,
        note=gettext_lazy("导入或撤销的行数超过一个人可以办的，由您批准"),
        icon="table-import",
        place=40,
        decides=True,
        permissions=(Permission.IMPORT_LEDGER,),
        rows=lambda user, day: batches.awaiting_approval(user),
        lines=_lines,
        url=lambda: f"{reverse('ledger-home')}#awaiting",
        order=("confirmed_at", "pk"),
        related=("uploaded_by",),
    )
)
register(
    Kind(
        code="ledger_declined",
        label=gettext_lazy("台账被退回"),
        unit=LEDGERS,
        note=gettext_lazy("另一人没有批准，按原因改好再上传"),
        icon="table-import",
        place=12,
        decides=True,
        permissions=(Permission.IMPORT_LEDGER,),
        rows=lambda user, day: batches.sent_back(user),
        lines=_lines,
        url=lambda: f"{reverse('ledger-home')}#declined",
        order=("decided_at", "pk"),
        related=("uploaded_by",),
    )
)
register(
    Kind(
        code="ledger_checked",
        label=gettext_lazy("台账待您确认导入"),
        unit=LEDGERS,
        note=gettext_lazy("检查完了，还没有保存"),
        icon="table-import",
        place=41,
        permissions=(Permission.IMPORT_LEDGER,),
        rows=_to_confirm,
        lines=_lines,
        order=("checked_at", "pk"),
        related=("uploaded_by",),
    )
)
register(
    Kind(
        code="asked_ledger",
        label=gettext_lazy("我送批的台账"),
        unit=LEDGERS,
        icon="table-import",
        place=30,
        asked=True,
        permissions=(Permission.IMPORT_LEDGER,),
        rows=_awaiting_another,
        lines=partial(_lines, state=True),
        order=("confirmed_at", "pk"),
        related=("uploaded_by",),
    )
)

tell_acts(
    {
        "ledger.uploaded": gettext_lazy("上传台账"),
        "ledger.confirmed": gettext_lazy("确认导入台账"),
        "ledger.approved": gettext_lazy("批准台账"),
        "ledger.declined": gettext_lazy("退回台账"),
        "ledger.undone": gettext_lazy("撤销台账导入"),
        "ledger.abandoned": gettext_lazy("放弃台账"),
    },
    {"records.ledgerbatch": "ledger-batch"},
)
