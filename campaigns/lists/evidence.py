"""The list of all pieces of proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.lists import Place, places_of
from accounts.models import Unit
from accounts.rules.rights import Permission
from campaigns.choices import EvidenceKind, EvidenceState, Secrecy
from campaigns.models import Clause, EvidenceLink, EvidencePiece
from campaigns.reports.evidence import (
    STANDING_WORDS,
    TONES,
    ends_before,
    waiting_for,
)
from campaigns.reports.places import campaign_of
from campaigns.rules.evidence import ORDER, Standing
from campaigns.services.evidence_batches import standing_of
from foodsafe_portal.lib.lists import (
    ELSEWHERE,
    TOLD,
    Asked,
    Choice,
    Column,
    Key,
    ListFilters,
    Listing,
    Search,
    Tab,
    Word,
)

FRESH = (("ending", _("迎检日前过期")), ("endless", _("没有期限")))


def in_standing(rows: QuerySet, code: str, today: date) -> QuerySet:
    """The pieces that stand so today (the rule ``campaigns.rules.evidence.standing`` as a condition)."""
    fresh = Q(accepted__isnull=False) & (
        Q(accepted__valid_until__isnull=True) | Q(accepted__valid_until__gte=today)
    )
    waiting = Q(newest__state=EvidenceState.WAITING)
    old = Q(accepted__isnull=False) & ~Q(newest__state=EvidenceState.RETURNED)
    match Standing(code):
        case Standing.VALID:
            return rows.filter(fresh)
        case Standing.WAITING:
            return rows.filter(waiting).exclude(fresh)
        case Standing.OLD:
            return rows.filter(old).exclude(fresh).exclude(waiting)
    return rows.exclude(fresh).exclude(waiting).exclude(old)


def _standing(rows: QuerySet, code: str, asked: Asked) -> QuerySet:
    return in_standing(rows, code, asked.today)


def _fresh(rows: QuerySet, code: str, asked: Asked) -> QuerySet:
    if code == "endless":
        return rows.filter(accepted__isnull=False, accepted__valid_until__isnull=True)
    campaign = asked.kept("campaign", lambda: campaign_of(asked.user))
    return rows.filter(ends_before(campaign.review_on, asked.today)) if campaign else rows.none()


def _chapter(rows: QuerySet, chapter: str, asked: Asked) -> QuerySet:
    inside = Q(clause__no=chapter) | Q(clause__no__startswith=f"{chapter}.")
    return rows.filter(pk__in=EvidenceLink.objects.filter(inside).values("piece"))


def _chapters(asked: Asked) -> list[tuple[str, str]]:
    campaign = asked.kept("campaign", lambda: campaign_of(asked.user))
    tops = Clause.objects.filter(rulebook=campaign.rulebook if campaign else None, parent__isnull=True)
    return asked.kept("chapters", lambda: [(one.no, str(one)) for one in tops.order_by("order")])


class Chapter(Word):
    """Pieces that prove a clause of a chapter."""

    def words(self, value: Any, asked: Asked) -> Any:
        """Number and title."""
        return dict(_chapters(asked)).get(value, value)

    def options(self, asked: Asked) -> list[tuple[str, str]]:
        """The chapters of the campaign's edition."""
        return _chapters(asked)


def _in_tab(rows: QuerySet, tab: str, asked: Asked) -> QuerySet:
    if tab == "mine":
        return rows.filter(newest__in=waiting_for(asked.user).values("pk"))
    if tab == "ending":
        return _fresh(rows, "ending", asked)
    return rows if tab == "all" else _standing(rows, tab, asked)


TABS = (
    ("all", _("全部")),
    ("mine", _("等我审")),
    *((each.value, STANDING_WORDS[each]) for each in ORDER),
    ("ending", _("迎检日前过期")),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One piece as the list prints it."""

    piece: EvidencePiece
    standing: Standing
    place: str
    proves: tuple[str, ...]
    term: str
    until: date | None
    mine: bool

    @property
    def badge(self) -> tuple[str, Any]:
        """Tone and word of how it stands."""
        return TONES[self.standing], STANDING_WORDS[self.standing]


class Evidence(Listing):
    """Pieces of proof with what they prove, how they stand and how long they hold."""

    key, url_name, title = "evidence", "library-pieces", _("佐证资料")
    permission = Permission.VIEW_EVIDENCE
    model = EvidencePiece
    unit = _("份")
    search_words = _("标题、正文")
    nothing = _("还没有佐证资料。")
    nothing_found = _("没有符合条件的资料。")
    related = ("newest__submitted_by", "newest__file", "accepted", "unit", "campaign")
    exported = True
    usual = {"tab": "all"}
    columns = (
        Column("title", _("标题"), "title", lambda line: line.piece.title, width=40, fixed=True),
        Column("proves", _("条款 / 任务"), "", lambda line: "、".join(line.proves), width=24),
        Column("kind", _("类别"), "kind", lambda line: line.piece.get_kind_display(), width=8),
        Column("state", _("状态"), "", lambda line: str(STANDING_WORDS[line.standing]), width=8),
        Column("version", _("版"), "", lambda line: line.piece.newest and line.piece.newest.number, "int", 6),
        Column("term", _("覆盖期"), "", lambda line: line.term, width=24),
        Column("until", _("有效期至"), "", lambda line: line.until, "date", 12),
        Column(
            "unit",
            _("来源单位"),
            Coalesce("unit__name", Value("")),
            lambda line: str(line.piece.unit or ""),
            width=24,
        ),
        Column("secrecy", _("密级标记"), "secrecy", lambda line: line.piece.get_secrecy_display(), width=12),
        Column("place", _("地区"), "region_id", lambda line: line.place, width=16, shown=False),
    )

    class Filters(ListFilters):
        """Pieces by place, chapter, clause, unit, kind, how they stand, and how long."""

        region = Place()
        chapter = Chapter(label=_("章节"), narrow=_chapter, chip="offered")
        clause = Key(
            label=_("条款"),
            narrow=lambda rows, key, asked: rows.filter(
                pk__in=EvidenceLink.objects.filter(clause=int(key)).values("piece")
            ),
            named=lambda user, key: Clause.objects.visible_to(user).filter(pk=key).first(),
        )
        kind = Choice(label=_("类别"), choices=EvidenceKind.choices)
        standing = Choice(
            label=_("状态"),
            choices=[(each.value, words) for each, words in STANDING_WORDS.items()],
            narrow=_standing,
            chip=TOLD,
        )
        fresh = Choice(label=_("时效"), choices=FRESH, narrow=_fresh)
        secrecy = Choice(label=_("密级标记"), choices=Secrecy.choices)
        unit = Key(
            label=_("来源单位"),
            field_name="unit_id",
            named=lambda user, key: Unit.objects.visible_to(user).filter(pk=key).first(),
        )
        q = Search(
            fields=("title__icontains", "newest__text__icontains", "newest__file__original_name__icontains")
        )
        tab = Choice(label=_("视图"), choices=TABS, narrow=_in_tab, chip=ELSEWHERE)

    def rows(self, user: Any) -> QuerySet:
        """The pieces this person may see."""
        return EvidencePiece.objects.visible_to(user)

    def printed(self, rows: QuerySet) -> QuerySet:
        """Without the long texts that are only searched."""
        return super().printed(rows).defer("newest__text", "accepted__text")

    def tabs_for(self, asked: Asked) -> list[Tab]:
        """What waits for this person only where they may decide."""
        reviews = asked.user.can(Permission.REVIEW_EVIDENCE)
        return [Tab(words, {"tab": code}) for code, words in TABS if code != "mine" or reviews]

    def lines(self, rows: Sequence[EvidencePiece], asked: Asked) -> list[Line]:
        """Each with what it proves and how it stands; one more query for all of them."""
        proves: dict[int, list[str]] = {}
        links = EvidenceLink.objects.filter(piece__in=[row.pk for row in rows]).order_by(
            "clause__order", "pk"
        )
        for link in links.select_related("clause", "task"):
            words = link.clause.no if link.clause else str(link.task)
            proves.setdefault(link.piece_id, []).append(words)
        places = places_of(asked)
        reviews = asked.user.can(Permission.REVIEW_EVIDENCE)
        return [
            _line(row, proves.get(row.pk, []), places.path(row.region_id), asked, reviews) for row in rows
        ]


def _line(piece: EvidencePiece, proves: Sequence[str], place: str, asked: Asked, reviews: bool) -> Line:
    newest = piece.newest
    standing = piece.accepted or newest
    waiting = newest is not None and newest.state == EvidenceState.WAITING
    return Line(
        piece,
        standing_of(piece, asked.today),
        place,
        tuple(proves),
        newest.term if newest else "",
        standing.valid_until if standing else None,
        reviews and newest is not None and waiting and newest.submitted_by_id != asked.user.pk,
    )


EVIDENCE = Evidence()
