"""What of the library waits for a person: versions to decide on, returned ones to send again, proof that ends before the review."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.rules.rights import Permission as P
from campaigns.choices import EvidenceState
from campaigns.forms import ReviewForm
from campaigns.models import EvidencePiece, EvidenceVersion
from campaigns.reports.evidence import waiting_for
from campaigns.services.evidence import review_version
from foodsafe_portal.lib.formats import full_day
from foodsafe_portal.lib.scope import NO_ROWS
from foodsafe_portal.lib.waiting import Kind, Line, Step, register, tell_acts

PIECES = gettext_lazy("份")


def _own(user: Any) -> Q:
    """Pieces of one's own unit and those one has sent."""
    own = NO_ROWS | Q(created_by=user.pk)
    for post in user.posts_today:
        if post.unit:
            own |= Q(unit__path__startswith=post.unit.path)
    return own


def _waiting(user: Any, day: date) -> QuerySet:
    return waiting_for(user).defer("text")


def _version_lines(rows: Sequence[EvidenceVersion], user: Any, day: date) -> list[Line]:
    return [
        Line(
            pk=version.pk,
            title=version.piece.title,
            url=reverse("piece-detail", args=[version.piece_id]),
            where=f"{version.piece.unit or version.submitted_by} · {_('第 %(number)s 版') % {'number': version.number}}",
        )
        for version in rows
    ]


def _decides(accept: bool) -> Callable[[Any, Any, Any], Any]:
    return lambda version, by, form: review_version(
        version=version, accept=accept, by=by, reason=form.cleaned_data["reason"]
    )


def _review(data: Any, files: Any, *, user: Any, row: Any, **kwargs: Any) -> ReviewForm:
    kwargs.pop("day", None)
    return ReviewForm(data, **kwargs)


def _returned(user: Any, day: date) -> QuerySet:
    returned = EvidencePiece.objects.visible_to(user).filter(newest__state=EvidenceState.RETURNED)
    return returned.filter(_own(user))


def _returned_lines(rows: Sequence[EvidencePiece], user: Any, day: date) -> list[Line]:
    return [
        Line(
            pk=piece.pk,
            title=piece.title,
            url=reverse("piece-detail", args=[piece.pk]),
            where=str(piece.unit or ""),
            note=piece.newest.reason if piece.newest else "",
        )
        for piece in rows
    ]


def _ending(user: Any, day: date) -> QuerySet:
    """Own pieces whose accepted version ends before the review day, unless a newer one already waits."""
    ends = Q(accepted__valid_until__lt=F("campaign__review_on"))
    rows = EvidencePiece.objects.visible_to(user).filter(ends).filter(_own(user))
    return rows.exclude(newest__state=EvidenceState.WAITING).exclude(newest__state=EvidenceState.RETURNED)


def _ending_lines(rows: Sequence[EvidencePiece], user: Any, day: date) -> list[Line]:
    return [
        Line(
            pk=piece.pk,
            title=piece.title,
            url=reverse("piece-detail", args=[piece.pk]),
            where=_("迎检日 %(day)s 前过期，请传新版") % {"day": full_day(piece.campaign.review_on)},
            due_on=piece.accepted.valid_until if piece.accepted else None,
        )
        for piece in rows
    ]


register(
    Kind(
        code="evidence_review",
        label=gettext_lazy("佐证资料待审"),
        unit=PIECES,
        note=gettext_lazy("上传人不能审自己的"),
        icon="folder",
        place=37,
        decides=True,
        permissions=(P.REVIEW_EVIDENCE,),
        rows=_waiting,
        lines=_version_lines,
        order=("submitted_at", "pk"),
        url=lambda: f"{reverse('library-pieces')}?tab=mine",
        steps=(
            Step(
                "accept",
                gettext_lazy("通过"),
                gettext_lazy("已通过。"),
                _decides(True),
                P.REVIEW_EVIDENCE,
                _review,
                value="accept",
            ),
            Step(
                "return",
                gettext_lazy("退回"),
                gettext_lazy("已退回。"),
                _decides(False),
                P.REVIEW_EVIDENCE,
                _review,
                asks=True,
                icon="arrow-back-up",
                value="return",
            ),
        ),
        related=("piece__unit", "submitted_by"),
    )
)
register(
    Kind(
        code="evidence_returned",
        label=gettext_lazy("退回的佐证资料"),
        unit=PIECES,
        note=gettext_lazy("改好后传新版"),
        icon="arrow-back-up",
        place=14,
        permissions=(P.SUBMIT_EVIDENCE,),
        rows=_returned,
        lines=_returned_lines,
        order=("newest__reviewed_at", "pk"),
        related=("unit", "newest"),
    )
)
register(
    Kind(
        code="evidence_ending",
        label=gettext_lazy("迎检日前过期的佐证"),
        unit=PIECES,
        note=gettext_lazy("现行版撑不到迎检日"),
        icon="clock",
        place=26,
        permissions=(P.SUBMIT_EVIDENCE,),
        rows=_ending,
        lines=_ending_lines,
        due="accepted__valid_until",
        order=("accepted__valid_until", "pk"),
        related=("campaign", "accepted"),
    )
)
tell_acts(
    {
        "evidence.submitted": gettext_lazy("报送佐证"),
        "evidence.version_submitted": gettext_lazy("报送佐证新版"),
        "evidence.accepted": gettext_lazy("通过佐证"),
        "evidence.returned": gettext_lazy("退回佐证"),
    },
    {"campaigns.evidencepiece": "piece-detail"},
)
