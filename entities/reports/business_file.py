"""One business's file: its standing, the five scales, what it owed and what was found, and one history of it all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Substr
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Region, User
from accounts.rules.rights import Permission
from entities.choices import BusinessStatus, FormerWhy, OfficerLevel, ReviewState
from entities.hooks import Happening, Supervised, supervision
from entities.models import (
    Assignment,
    Business,
    BusinessMerger,
    FormerIdentity,
    GradeChange,
    Pledge,
    StatusChange,
)
from entities.reports.businesses import CATERING_TYPES
from foodsafe_portal.lib.identifiers import licence_problem, uscc_problem
from records.models import EvidenceFile
from records.services.evidence import evidence_by_object

HISTORY_SHOWN: Final = 12
LINES: Final = 6
MOST_LINES: Final = 200
HISTORY_GROUPS: Final = (
    ("", gettext_lazy("全部")),
    ("visits", gettext_lazy("督导")),
    ("problems", gettext_lazy("问题")),
    ("changes", gettext_lazy("变更")),
)
LEVEL_ORDER: Final = {level.value: place for place, level in enumerate(OfficerLevel)}


@dataclass(frozen=True, slots=True)
class ScaleLine:
    """One of the five letter scales: its full name, short name, letter, meaning, day and ground."""

    name: Any
    short: Any
    letter: str
    meaning: Any
    since: date | None
    ground: str
    applies: bool = True


@dataclass(frozen=True, slots=True)
class Bond:
    """An officer in charge today and how their pledge stands: ok, warn (to be signed anew) or bad (never signed)."""

    assignment: Assignment
    pledge_tone: str
    pledge_word: Any
    pledge_note: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposed change with its proof."""

    change: StatusChange | GradeChange
    kind: str
    words: str
    evidence: tuple[EvidenceFile, ...]
    own: bool

    @property
    def needs_reason(self) -> bool:
        """Whether an approval needs a reason: a change of the denominator with no file behind it."""
        return isinstance(self.change, StatusChange) and self.change.moves_denominator and not self.evidence


@dataclass(frozen=True, slots=True)
class BusinessFile:
    """Everything the page of one business shows."""

    business: Business
    county: str
    township: str
    village: str
    period: str
    status_since: date
    counts: bool
    bonds: tuple[Bond, ...]
    scales: tuple[ScaleLine, ...]
    supervised: Supervised
    waiting: tuple[Waiting, ...]
    history: tuple[Happening, ...]
    earlier: int
    group: str
    credit_code_problem: str
    licence_problem: str
    same_code: int
    shows_phone: bool
    former: tuple[FormerIdentity, ...]
    absorbed: tuple[BusinessMerger, ...]
    merger: BusinessMerger | None

    @property
    def status_waits(self) -> bool:
        """Whether a change of status waits for review, so that no second one may be proposed."""
        return any(each.kind == "status" for each in self.waiting)


def filed(businesses: QuerySet, viewer: User) -> QuerySet:
    """Businesses with what tells which parts of their file are empty, so that those are not asked for one by one."""
    others = Business.objects.visible_to(viewer).exclude(pk=OuterRef("pk"))
    same = others.filter(credit_code=OuterRef("credit_code"), credit_code__gt="").order_by()
    counted: Any = same.values("credit_code").annotate(n=Count("pk")).values("n")
    mergers = BusinessMerger.objects.standing()
    mergers = mergers.filter(Q(business_id=OuterRef("pk")) | Q(survivor_id=OuterRef("pk")))
    former = FormerIdentity.objects.filter(business_id=OuterRef("pk"), why=FormerWhy.CHANGED)
    county, township = (
        Region.objects.filter(code=Substr(OuterRef("region_id"), 1, digits)).values("name")
        for digits in (6, 9)
    )
    return businesses.annotate(
        county=Subquery(county),
        township=Subquery(township),
        same_code=Coalesce(Subquery(counted), 0),
        has_mergers=Exists(mergers),
        has_former=Exists(former),
    )


def business_file(
    business: Business, viewer: User, day: date, *, group: str = "", everything: bool = False
) -> BusinessFile:
    """The file of one business (one of ``filed``) as ``viewer`` may see it; ``group`` narrows the history, ``everything`` unfolds it."""
    statuses = list(business.status_changes.select_related("proposed_by", "reviewed_by"))
    proof = evidence_by_object(StatusChange, [change.pk for change in statuses])
    grades = list(business.grade_changes.select_related("proposed_by", "reviewed_by"))
    assignments = list(business.assignments.filter(voided_at__isnull=True).select_related("officer"))
    mergers = BusinessMerger.objects.standing().select_related("business", "survivor", "merged_by")
    concerned = mergers.filter(Q(business=business) | Q(survivor=business)).order_by("merged_on", "pk")
    ties: Any = business
    known = list(concerned) if ties.has_mergers else []
    absorbed = tuple(each for each in known if each.survivor_id == business.pk)
    pledges = list(
        Pledge.objects.filter(officer__in={each.officer_id for each in assignments}).order_by(
            "-signed_on", "-pk"
        )
    )
    supervised = supervision().of_business(business.pk, viewer, day, MOST_LINES if everything else LINES)
    happened = [
        *_changes(statuses, grades, proof),
        *_bonds_history(assignments),
        *supervised.history,
        *_mergers(business, known),
        Happening(
            business.registered_on, _("入册"), business.get_source_display(), "building-store", "changes"
        ),
    ]
    shown = sorted((each for each in happened if group in ("", each.group)), key=_instant, reverse=True)
    limit = len(shown) if everything else HISTORY_SHOWN
    region = business.region_id
    bonds = _bonds(assignments, pledges, {business.pk, *(each.business_id for each in absorbed)})
    approved = [change for change in statuses if change.state == ReviewState.APPROVED]
    return BusinessFile(
        business=business,
        county=ties.county or "",
        township=(ties.township or "") if len(region) >= 9 else "",
        village=business.region.name if len(region) == 12 else "",
        period=supervision().period_label(day),
        status_since=approved[0].effective_on if approved else business.registered_on,
        counts=business.status == BusinessStatus.NORMAL and business.merged_into_id is None,
        bonds=bonds,
        scales=_scales(business, grades, bonds),
        supervised=supervised,
        waiting=_waiting(statuses, grades, viewer, proof),
        history=tuple(shown[:limit]),
        earlier=max(len(shown) - limit, 0),
        group=group,
        credit_code_problem=(uscc_problem(business.credit_code) or "") if business.credit_code else "",
        licence_problem=_licence_problem(business.licence_no),
        same_code=ties.same_code,
        shows_phone=viewer.can(Permission.EDIT_BUSINESS),
        former=tuple(business.former_identities.filter(why=FormerWhy.CHANGED)[:LINES])
        if ties.has_former
        else (),
        absorbed=absorbed,
        merger=next((each for each in known if each.business_id == business.pk), None),
    )


def _mergers(business: Business, known: Sequence[BusinessMerger]) -> list[Happening]:
    """Mergers that stand, as lines of the history."""
    return [
        Happening(
            each.merged_on,
            _("并入“%(name)s”") % {"name": each.survivor.name}
            if each.business_id == business.pk
            else _("“%(name)s”并入") % {"name": each.business.name},
            "；".join(filter(None, (str(each.merged_by or ""), each.note))),
            "arrows-join",
            "changes",
        )
        for each in known
    ]


def _licence_problem(number: str) -> str:
    """Only licences have a check digit; registrations and filings are free text."""
    return (licence_problem(number) or "") if number.startswith(("JY", "SC")) else ""


def _instant(event: Happening) -> datetime:
    """Days sort to their end, so that what was recorded on a day stands below what is dated to it."""
    if isinstance(event.at, datetime):
        return event.at
    return timezone.make_aware(datetime(event.at.year, event.at.month, event.at.day, 23, 59))


# --- grades ----------------------------------------------------------------------------------------


def _scales(
    business: Business, grades: Sequence[GradeChange], bonds: Sequence[Bond]
) -> tuple[ScaleLine, ...]:
    decided = next((change for change in grades if change.state == ReviewState.APPROVED), None)
    grade = business.responsibility_grade
    ground = ""
    if decided is not None:
        ground = decided.reason or str(decided.get_source_display())
        if decided.manual:
            ground = f"{ground}（{_('人工复核')}）"
    elif grade:
        ground = str(business.get_source_display())
    risk = {"A": _("风险最低"), "B": _("风险较低"), "C": _("风险较高"), "D": _("风险最高")}
    credit = {"A": _("信用最好"), "B": _("信用较好"), "C": _("信用一般"), "D": _("信用差")}
    clean = {"A": _("卫生最好"), "B": _("卫生较好"), "C": _("卫生一般")}
    size = {
        "A": _("规模最大，由市级包保"),
        "B": _("由县级包保"),
        "C": _("由乡镇级包保"),
        "D": _("规模最小，由村级包保"),
    }
    officer = bonds[0].assignment.officer.name if bonds else ""
    return (
        ScaleLine(_("包保等级"), _("包保"), grade, size.get(grade, ""), decided.effective_on if decided else None, ground),
        ScaleLine(_("监管风险等级"), _("风险"), business.risk_grade, risk.get(business.risk_grade, ""), None, ""),
        ScaleLine(_("信用等级"), _("信用"), business.credit_grade, credit.get(business.credit_grade, ""), None, ""),
        ScaleLine(
            _("餐饮量化等级"), _("量化"), business.catering_grade, clean.get(business.catering_grade, ""), None, "",
            applies=business.business_type in CATERING_TYPES,
        ),
        ScaleLine(_("考评等级（包保干部）"), _("考评"), "", officer, None, _("评的是包保干部，不是主体")),
    )  # fmt: skip


# --- officers --------------------------------------------------------------------------------------


def _bonds(
    assignments: Sequence[Assignment], pledges: Sequence[Pledge], businesses: Collection[int]
) -> tuple[Bond, ...]:
    active = sorted(
        (each for each in assignments if each.valid_to is None),
        key=lambda each: LEVEL_ORDER.get(each.level, 9),
    )
    return tuple(Bond(each, *_pledge_standing(each, pledges, businesses)) for each in active)


def _pledge_standing(
    bond: Assignment, pledges: Sequence[Pledge], businesses: Collection[int]
) -> tuple[str, Any, str]:
    """How the pledge for this business, or one merged into it, stands: it is signed anew when the post changes (承诺书)."""
    signed = [
        one
        for one in pledges
        if one.officer_id == bond.officer_id
        and (one.business_id in businesses if one.business_id else one.signed_on >= bond.valid_from)
    ]
    if not signed:
        return "bad", _("未签订"), ""
    titles = ("", bond.officer.title)
    holding = next((one for one in signed if one.title in titles or not bond.officer.title), None)
    if holding is None:
        return "warn", _("待重签"), _("职务已变更，上次 %(day)s") % {"day": signed[0].signed_on}
    return "ok", _("已签订"), f"{holding.signed_on}"


def _bonds_history(assignments: Sequence[Assignment]) -> list[Happening]:
    events = []
    for each in assignments:
        who = f"{each.officer.name} · {each.get_level_display()}"
        events.append(Happening(each.valid_from, _("开始包保"), who, "user-plus", "changes"))
        if each.valid_to is not None:
            events.append(Happening(each.valid_to, _("终止包保"), who, "user-minus", "changes"))
    return events


# --- changes ---------------------------------------------------------------------------------------


def _changes(
    statuses: Sequence[StatusChange],
    grades: Sequence[GradeChange],
    proof: Mapping[int, Sequence[EvidenceFile]],
) -> list[Happening]:
    """What happened to status and grade; a change of the denominator approved without a file is marked with the reason."""
    events = []
    for status in statuses:
        verb = _("状态：%(old)s → %(new)s") % {
            "old": status.get_from_status_display(),
            "new": status.get_to_status_display(),
        }
        bare = status.moves_denominator and status.pk not in proof
        events.append(_change_event(status, verb, "arrows-exchange", unproven=bare))
    for grade in grades:
        verb = _("包保等级 %(old)s → %(new)s") % {
            "old": grade.from_grade or _("未评"),
            "new": grade.to_grade or _("未评"),
        }
        events.append(_change_event(grade, verb, "pencil"))
    return events


def _change_event(
    change: StatusChange | GradeChange, verb: str, icon: str, *, unproven: bool = False
) -> Happening:
    """Approved changes stand at the day they take effect, others at the instant they were proposed.

    ``unproven`` marks an approved one with the reason for which it was approved.
    """
    people = [change.reason] if change.reason else []
    if change.proposed_by:
        people.append(_("%(who)s提出") % {"who": change.proposed_by})
    if change.state == ReviewState.APPROVED:
        if change.reviewed_by:
            people.append(_("%(who)s审核") % {"who": change.reviewed_by})
        if unproven:
            people.append(_("无佐证：%(reason)s") % {"reason": change.review_note or _("未写原因")})
        return Happening(change.effective_on, verb, "；".join(map(str, people)), icon, "changes")
    if change.state == ReviewState.REJECTED:
        people.append(_("%(who)s未通过：%(note)s") % {"who": change.reviewed_by, "note": change.review_note})
        return Happening(
            change.proposed_at, f"{verb}（{_('未通过')}）", "；".join(map(str, people)), "x", "changes", "red"
        )
    return Happening(
        change.proposed_at, f"{verb}（{_('待审核')}）", "；".join(map(str, people)), "clock", "changes"
    )


def _waiting(
    statuses: Sequence[StatusChange],
    grades: Sequence[GradeChange],
    viewer: User,
    proof: Mapping[int, Sequence[EvidenceFile]],
) -> tuple[Waiting, ...]:
    proposed_statuses = [change for change in statuses if change.state == ReviewState.PROPOSED]
    proposed_grades = [change for change in grades if change.state == ReviewState.PROPOSED]
    changes: list[StatusChange | GradeChange] = [*proposed_statuses, *proposed_grades]
    return tuple(waiting_change(change, viewer, proof.get(change.pk, ())) for change in changes)


def waiting_change(
    change: StatusChange | GradeChange, viewer: User, evidence: Sequence[EvidenceFile]
) -> Waiting:
    """A proposed change as reviewers see it."""
    own = change.proposed_by_id is not None and change.proposed_by_id == viewer.pk
    if isinstance(change, StatusChange):
        words = f"{change.get_from_status_display()} → {change.get_to_status_display()}"
        return Waiting(change, "status", words, tuple(evidence), own)
    words = f"{_('包保')} {change.from_grade or _('未评')} → {change.to_grade or _('未评')}"
    return Waiting(change, "grade", words, (), own)
