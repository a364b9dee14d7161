"""The queue of businesses that look like one, and one pair side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Region, User
from accounts.rules.rights import Permission
from entities.errors import HasAbsorbed
from entities.hooks import Supervised, supervision
from entities.models import Assignment, Business, BusinessMerger, DuplicatePair
from entities.querysets import DuplicatePairQuerySet
from entities.services.duplicates import would_fill
from foodsafe_portal.lib.badges import badge_for
from foodsafe_portal.lib.formats import full_day, masked_digits


@dataclass(frozen=True, slots=True)
class PairRow:
    """One line of the queue."""

    pair: DuplicatePair
    county: str
    township: str


@badge_for("duplicate-list", gettext_lazy("待核对 %(n)s"))
def waiting_pairs(user: User) -> DuplicatePairQuerySet:
    """The pairs that wait for this person's decision."""
    return DuplicatePair.objects.visible_to(user).waiting()


# --- one pair --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One field of both businesses; ``differs`` where both are known and not the same."""

    label: Any
    first: Any
    second: Any

    @property
    def differs(self) -> bool:
        """Whether a person should look at it: an empty value contradicts nothing."""
        return bool(self.first and self.second and self.first != self.second)

    @property
    def missing(self) -> bool:
        """Whether only one of the two has it."""
        return bool(self.first) != bool(self.second)


@dataclass(frozen=True, slots=True)
class Side:
    """One business of a pair with what hangs on it."""

    business: Business
    supervised: Supervised
    bonds: tuple[Assignment, ...]
    visits: int


@dataclass(frozen=True, slots=True)
class PairFile:
    """Everything the page of one pair shows."""

    pair: DuplicatePair
    first: Side
    second: Side
    lines: tuple[Line, ...]
    place: str
    merger: BusinessMerger | None

    @property
    def different(self) -> int:
        """How many fields contradict each other."""
        return sum(line.differs for line in self.lines)

    def side(self, business_id: int) -> Side:
        """The side with this key."""
        return self.first if self.first.business.pk == business_id else self.second

    def other(self, business_id: int) -> Side:
        """The side that has another key."""
        return self.second if self.first.business.pk == business_id else self.first


def pair_file(pair: DuplicatePair, viewer: User, day: date) -> PairFile:
    """Both businesses side by side as ``viewer`` may see them; ``pair`` comes with its businesses."""
    sides = [_side(business, viewer, day) for business in (pair.first, pair.second)]
    places = dict(
        Region.objects.filter(
            code__in={pair.region_id[:6], pair.region_id, pair.first.region_id, pair.second.region_id}
        ).values_list("code", "name")
    )
    shows_phone = viewer.can(Permission.EDIT_BUSINESS)
    first, second = (_words(side.business, places, shows_phone) for side in sides)
    return PairFile(
        pair=pair,
        first=sides[0],
        second=sides[1],
        lines=tuple(Line(label, first[label], second[label]) for label in first),
        place=" ".join(filter(None, (places.get(pair.region_id[:6], ""), places.get(pair.region_id, "")))),
        merger=pair.merger,
    )


def _side(business: Business, viewer: User, day: date) -> Side:
    bonds = business.assignments.active().select_related("officer").order_by("pk")
    known = supervision()
    return Side(
        business,
        known.of_business(business.pk, viewer, day, 1),
        tuple(bonds),
        known.visits(business.pk, viewer),
    )


def _words(business: Business, places: Mapping[str, str], shows_phone: bool) -> dict[Any, Any]:
    """Label → value as both columns show it; empty where nothing is known."""
    phone = business.contact_phone if shows_phone else masked_digits(business.contact_phone)
    return {
        _("企业名称"): business.name,
        _("统一社会信用代码"): business.credit_code,
        _("许可证号"): business.licence_no,
        _("经营场所"): business.premises_address,
        _("法定代表人（负责人）"): business.legal_person,
        _("联系电话"): phone,
        _("主体业态"): str(business.get_business_type_display()),
        _("规模"): str(business.get_scale_display()),
        _("许可证有效期至"): full_day(business.licence_valid_to) if business.licence_valid_to else "",
        _("村（社区）"): places.get(business.region_id, "") if len(business.region_id) == 12 else "",
        _("监管所"): business.supervision_office,
        _("包保等级"): business.responsibility_grade,
        _("监管风险等级"): business.risk_grade,
        _("经营状态"): str(business.get_status_display()),
        _("国家平台编号"): business.national_no,
        _("入册日期"): full_day(business.registered_on),
        _("来源"): str(business.get_source_display()),
    }


# --- the second look -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What an act would do, in sentences, before it is done; ``warnings`` are what people overlook."""

    act: str
    verb: Any
    sentences: tuple[Any, ...]
    warnings: tuple[Any, ...] = ()


def look_at_merging(file: PairFile, survivor_id: int, day: date) -> SecondLook:
    """What merging into this survivor would do, with its counts; raises ``HasAbsorbed`` where it cannot be done."""
    kept, gone = file.side(survivor_id), file.other(survivor_id)
    names = {"kept": kept.business.name, "gone": gone.business.name}
    if gone.business.absorbed.exists():
        raise HasAbsorbed(gone.business.name)
    levels = {bond.level for bond in kept.bonds}
    carried = len({bond.level for bond in gone.bonds} - levels)
    facts = {
        "visits": gone.visits,
        "all": gone.supervised.all_problems,
        "open": gone.supervised.open_problems,
    }
    sentences = [
        _("保留“%(kept)s”，把“%(gone)s”并入它，自 %(day)s 起生效。") % {**names, "day": full_day(day)},
        _("“%(gone)s”不再列入登记；它的督导任务到这一天为止，已冻结的周报不变。") % names,
        _("它的 %(visits)s 次督导、%(all)s 个问题（未销号 %(open)s 个）随之显示和计算在“%(kept)s”名下。")
        % {**names, **facts},
        _("它的 %(n)s 条包保关系终止，其中 %(m)s 条由“%(kept)s”接续。")
        % {**names, "n": len(gone.bonds), "m": carried},
        _("台账里再出现“%(gone)s”的名称和号码，都按“%(kept)s”对应。合并可以撤销。") % names,
    ]
    if filled := would_fill(kept.business, gone.business):
        fields = {field.name: str(field.verbose_name) for field in Business._meta.concrete_fields}
        words = "、".join(fields[name] for name in filled)
        sentences += [_("“%(kept)s”空着的%(words)s，用“%(gone)s”登记的补上。") % {**names, "words": words}]
    if differ := [str(line.label) for line in file.lines if line.differs]:
        words = _("、").join(differ)
        sentences += [
            _("两家不同的%(words)s，以“%(kept)s”登记的为准；“%(gone)s”的留在它自己的档案里。")
            % {**names, "words": words}
        ]
    warnings = []
    if gone.business.responsibility_grade and not kept.business.responsibility_grade:
        warnings.append(_("“%(kept)s”尚未定级，合并后不产生应督导任务，请随后定级。") % names)
    if kept.business.status != gone.business.status:
        said = {
            **names,
            "one": kept.business.get_status_display(),
            "other": gone.business.get_status_display(),
        }
        warnings.append(_("“%(kept)s”的经营状态是“%(one)s”，“%(gone)s”是“%(other)s”。") % said)
    return SecondLook("merge", _("确定合并"), tuple(sentences), tuple(warnings))


def look_at_keeping_apart(file: PairFile) -> SecondLook:
    """What keeping the two apart would do."""
    names = {"first": file.first.business.name, "second": file.second.business.name}
    return SecondLook(
        "apart",
        _("确定不是同一家"),
        (
            _("“%(first)s”和“%(second)s”各自登记，登记内容不变。") % names,
            _("以后的台账和查找都不再提出这一对；再导入时只注明“已确认不是同一家”。"),
        ),
    )


def look_at_withdrawing(file: PairFile) -> SecondLook:
    """What taking the decision back would do."""
    if file.merger is None:
        said = _("这一对回到“待核对”，登记内容不变。")
        return SecondLook("withdraw", _("确定撤销结论"), (said,))
    names = {
        "gone": file.side(file.merger.business_id).business.name,
        "kept": file.side(file.merger.survivor_id).business.name,
    }
    sentences = (
        _("“%(gone)s”恢复登记，包保关系和督导任务恢复到合并以前。") % names,
        _("合并以后记在“%(kept)s”名下的督导和问题仍归“%(kept)s”；已冻结的周报不变。") % names,
        _("这一对回到“待核对”。"),
    )
    return SecondLook("withdraw", _("确定撤销合并"), sentences)
