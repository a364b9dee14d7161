"""Refusals that people can understand: each carries its Chinese sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _


class Refused(Exception):
    """An act that was not carried out; ``str()`` is the sentence shown to the person."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(sentence or str(self.__doc__))


class AlreadyRegistered(Refused):
    """The register already has a business with this natural key; ``business_id`` is its key when the person may see it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _("“%(name)s”已在册（许可证号，或信用代码加经营场所相同），请修改原有主体。") % {"name": name}
        )


class OwnedByCity(Refused):
    """The city keeps these columns; a county or a township leaves them as they are."""

    def __init__(self, columns: Iterable[str]) -> None:
        named = "、".join(f"“{column}”" for column in columns)
        super().__init__(
            _("%(columns)s由市级统一管理，不能改；如登记有误请报市创建办。") % {"columns": named}
        )


class StaleVersion(Refused):
    """Somebody else saved the record since this person opened it.

    ``clashes``: field -> (value when opened or None if unknown, value saved by the other, value typed now).
    """

    def __init__(self, clashes: Mapping[str, tuple[Any, Any]], saved_version: int) -> None:
        super().__init__(_("您打开之后，别人已保存过这条记录。下面列出两边的值，请核对后再保存。"))
        self.clashes = clashes
        self.saved_version = saved_version


class StatusUnchanged(Refused):
    """The proposed status is the one the business already has."""

    def __init__(self, status: Any) -> None:
        super().__init__(_("经营状态已是“%(status)s”，不用变更。") % {"status": status})


class SavedMeanwhile(Refused):
    """Other people saved some of the records between reading and writing."""

    def __init__(self, count: int) -> None:
        super().__init__(
            _("有 %(count)s 家主体刚刚被别人保存过，没有写入；请重新打开核对。") % {"count": count}
        )


class ChangeAlreadyWaiting(Refused):
    """One change per business may wait for review."""

    def __init__(self) -> None:
        super().__init__(_("这家主体已有一条状态变更待审核，审核后才能再提。"))


class AlreadyReviewed(Refused):
    """Somebody reviewed the change first."""

    def __init__(self) -> None:
        super().__init__(_("这条变更已有人审核，请刷新后查看结果。"))


class ReviewedByProposer(Refused):
    """Two people stand behind every change of the denominator."""

    def __init__(self) -> None:
        super().__init__(_("提出人不能审核自己提出的变更，请由另一人审核。"))


class ReasonMissing(Refused):
    """The act needs a reason."""

    def __init__(self, act: Any) -> None:
        super().__init__(_("%(act)s须写明原因。") % {"act": act})


class ProofMissing(Refused):
    """A change of the denominator without an evidence file needs a reviewer's reason."""

    def __init__(self) -> None:
        super().__init__(_("这条状态变更没有佐证，通过须写明原因；通过后标为“无佐证”。"))


class GradeUnchanged(Refused):
    """The new grade is the one the business already has."""

    def __init__(self, grade: Any) -> None:
        super().__init__(_("包保等级已是“%(grade)s”，不用调整。") % {"grade": grade})


class FutureDate(Refused):
    """A fact cannot be dated after today."""

    def __init__(self) -> None:
        super().__init__(_("日期不能晚于今天。"))


class BeforeRegistration(Refused):
    """A change cannot take effect before the business was registered."""

    def __init__(self) -> None:
        super().__init__(_("生效日期不能早于入册日期。"))


class LevelTaken(Refused):
    """One active assignment per business and level."""

    def __init__(self, level: Any, officer: Any) -> None:
        super().__init__(
            _("%(level)s包保已有在任干部“%(officer)s”，请先终止原包保关系。")
            % {"level": level, "officer": officer}
        )


class OfficerInactive(Refused):
    """An officer who left the post takes no new business."""

    def __init__(self, officer: Any) -> None:
        super().__init__(_("“%(officer)s”已不在岗，不能新增包保主体。") % {"officer": officer})


class OutsideTerritory(Refused):
    """The region lies outside the person's territory."""

    def __init__(self) -> None:
        super().__init__(_("所选地区不在您的辖区内，请改选。"))


class AssignmentEnded(Refused):
    """The assignment has already been ended."""

    def __init__(self) -> None:
        super().__init__(_("这条包保关系已终止。"))


class EndsBeforeItBegins(Refused):
    """An interval ends on or after its first day."""

    def __init__(self) -> None:
        super().__init__(_("终止日期不能早于起始日期。"))


class PledgeAlreadySigned(Refused):
    """One pledge per officer, business and day."""

    def __init__(self) -> None:
        super().__init__(_("当天已登记过这份承诺书。"))


class MergedAway(Refused):
    """A business that was merged into another is no business of its own."""

    def __init__(self, name: str, survivor: str) -> None:
        super().__init__(
            _("“%(name)s”已并入“%(survivor)s”，请在后者名下办理。") % {"name": name, "survivor": survivor}
        )


class PairDecided(Refused):
    """Somebody decided on the pair first, or took the decision back."""

    def __init__(self, state: Any, who: Any) -> None:
        super().__init__(
            _("这一对已由 %(who)s 核对为“%(state)s”，没有再改。") % {"who": who, "state": state}
            if who
            else _("这一对的结论已有人撤销，请看过现在的内容再决定。")
        )


class PairChanged(Refused):
    """One of the two businesses was saved since the person looked at them."""

    def __init__(self) -> None:
        super().__init__(_("您打开之后，两家主体中有一家被改过。下面是现在的内容，请看过再决定。"))


class HasAbsorbed(Refused):
    """A business into which others were merged cannot itself be merged away."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _("“%(name)s”已并入过其他主体，只能作为保留的一家；或先撤销原来的合并。") % {"name": name}
        )


class IdentityTaken(Refused):
    """Another business has come to stand under the identity that one of the two would get back."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _(
                "“%(name)s”原来的许可证号（或信用代码加经营场所）现在登记在另一家主体名下，请先改正再撤销合并。"
            )
            % {"name": name}
        )


class NumberTaken(Refused):
    """Another business has just come to stand under the number that the survivor of a merger would take over."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _(
                "“%(name)s”要补上的许可证号（或信用代码加经营场所）刚刚登记在另一家主体名下。请看过现在的内容再合并。"
            )
            % {"name": name}
        )
