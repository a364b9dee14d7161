"""What may be refused of a business, its dated changes, its officers and their pledges: every rule by name, with its noun.

Pages, API, admin, ledgers and the demonstration city run the same rules, because all of them write through these services.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from entities.errors import (
    BeforeRegistration,
    ChangeAlreadyWaiting,
    EndsBeforeItBegins,
    FutureDate,
    GradeUnchanged,
    MergedAway,
    OfficerInactive,
    OutsideTerritory,
    PledgeAlreadySigned,
    ProofMissing,
    ReasonMissing,
    Refused,
    StatusUnchanged,
)
from foodsafe_portal.lib.business_rules import BusinessRule


@dataclass(frozen=True, slots=True)
class Entered:
    """A business about to be entered or moved: where, since when, and whether the writer may put it there."""

    region_id: str
    registered_on: date
    today: date
    reaches: Callable[[str], bool]


class RegisteredByToday(BusinessRule):
    """入册日期不得晚于当天：登记的是已经存在的主体（campaign default）。"""

    code, column = "future_date", "registered_on"

    @classmethod
    def refusal(cls, fact: Entered) -> Refused | None:
        """See ``BusinessRule.refusal``."""
        return FutureDate() if fact.registered_on > fact.today else None


class InOwnTerritory(BusinessRule):
    """属地管理：只能登记、调整本人辖区内的主体（各角色的写入范围以本人岗位的辖区为限）。"""

    code, column = "other_territory", "county"

    @classmethod
    def refusal(cls, fact: Entered) -> Refused | None:
        """See ``BusinessRule.refusal``."""
        return None if fact.reaches(fact.region_id) else OutsideTerritory()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A dated change about to be proposed: of which business, from what to what, on which day and why."""

    business: Any
    now: str
    now_label: Any
    to: str
    on: date
    today: date
    reason: str
    waiting: bool
    what: Any

    @property
    def merged_into(self) -> Any:
        """The business that this one was merged into."""
        return self.business.merged_into


class StatusChanges(BusinessRule):
    """提请的经营状态须与现状不同（campaign default）。"""

    code, column = "status_unchanged", "status"

    @classmethod
    def refusal(cls, fact: Proposal) -> Refused | None:
        """See ``BusinessRule.refusal``."""
        return StatusUnchanged(fact.now_label) if fact.to == fact.now else None


class GradeChanges(BusinessRule):
    """调整后的包保等级须与现等级不同（campaign default）。"""

    code, column = "grade_unchanged", "responsibility_grade"

    @classmethod
    def refusal(cls, fact: Proposal) -> Refused | None:
        """See ``BusinessRule.refusal``."""
        return GradeUnchanged(fact.now_label) if fact.to == fact.now else None


class ReasonGiven(BusinessRule):
    """变更须写明原因，留作复核依据（campaign default）。"""

    code = "required"

    @classmethod
    def refusal(cls, fact: Proposal) -> Refused | None:
        """See ``BusinessRule.refusal``."""
        return None if fact.reason.strip() else ReasonMissing(fact.what)


class StillInTheRegister(BusinessRule):
    """已并入其他主体的，以合并后的主体为准，本身不再变更（campaign default）。"""

    code, column = "merged_business", "name"

    @classmethod
    def refusal(cls, fact: Any) -> Refused | None:
        """See ``BusinessRule.refusal``."""
        into = fact.merged_into
        return None if into is None else MergedAway(fact.business.name, into.name)


class TakesEffectByToday(BusinessRule):
    """变更登记的是已经发生的事实，生效日期不得晚于当天（campaign default）。"""

    code, column = "future_date", ""

    @classmethod
    def refusal(cls, fact: Any) -> Refused | None:
        """See ``BusinessRule.refusal``."""
        return FutureDate() if fact.on > fact.today else None


class NotBeforeRegistration(BusinessRule):
    """生效日期不得早于主体的入册日期：入册之前没有可变更的状态和等级（campaign default）。"""

    code, column = "before_registration", ""

    @classmethod
    def refusal(cls, fact: Proposal) -> Refused | None:
        """See ``BusinessRule.refusal``."""
        return BeforeRegistration() if fact.on < fact.business.registered_on else None


class OneChangeAtATime(BusinessRule):
    """同一主体的上一项变更审核之前，不再受理新的变更（campaign default）。"""

    code, column = "status_waiting", "status"

    @classmethod
    def refusal(cls, fact: Proposal) -> Refused | None:
        """See ``BusinessRule.refusal``."""
        return ChangeAlreadyWaiting() if fact.waiting else None


@dataclass(frozen=True, slots=True)
class Approval:
    """A change of status about to be approved: whether it moves the denominator, has a file behind it, and the reviewer's words."""

    moves_denominator: bool
    proven: bool
    note: str


class ProofOrReason(BusinessRule):
    """增减应督导数的状态变更须有佐证；没有佐证而通过的，审核人须写明原因（campaign default）。"""

    code, column = "proof_missing", ""

    @classmethod
    def refusal(cls, fact: Approval) -> Refused | None:
        """See ``BusinessRule.refusal``."""
        bare = fact.moves_denominator and not fact.proven
        return ProofMissing() if bare and not fact.note.strip() else None


@dataclass(frozen=True, slots=True)
class NewBond:
    """An assignment about to be made; ``relieved_from`` is the first day of the one it takes the place of."""

    officer: Any
    business: Any
    valid_from: date
    today: date
    relieved_from: date | None = None

    @property
    def merged_into(self) -> Any:
        """The business that this one was merged into."""
        return self.business.merged_into

    @property
    def on(self) -> date:
        """The day from which it holds."""
        return self.valid_from


class OfficerAtWork(BusinessRule):
    """包保干部须在岗：离岗人员不再承担包保责任（campaign default）。"""

    code, column = "officer_inactive", "officer_name"

    @classmethod
    def refusal(cls, fact: NewBond) -> Refused | None:
        """See ``BusinessRule.refusal``."""
        return None if fact.officer.is_active else OfficerInactive(fact.officer)


class NotBeforeThePredecessor(BusinessRule):
    """接任不得早于前任的包保起始：前任的任期只能终止，不能被抹去（campaign default）。"""

    code, column = "before_predecessor", "valid_from"

    @classmethod
    def refusal(cls, fact: NewBond) -> Refused | None:
        """See ``BusinessRule.refusal``."""
        early = fact.relieved_from is not None and fact.valid_from < fact.relieved_from
        return EndsBeforeItBegins() if early else None


@dataclass(frozen=True, slots=True)
class NewPledge:
    """A pledge about to be recorded; ``known`` says whether the same one is recorded already."""

    signed_on: date
    today: date
    known: bool = False

    @property
    def on(self) -> date:
        """The day of signing."""
        return self.signed_on


class SignedOncePerDay(BusinessRule):
    """同一干部对同一主体的承诺书一天只登记一次（承诺书按干部和岗位签订）。"""

    code, column = "pledge_known", "pledge_signed_on"

    @classmethod
    def refusal(cls, fact: NewPledge) -> Refused | None:
        """See ``BusinessRule.refusal``."""
        return PledgeAlreadySigned() if fact.known else None


BUSINESS_RULES: Final = (RegisteredByToday, InOwnTerritory)
STATUS_RULES: Final = (
    StatusChanges,
    ReasonGiven,
    StillInTheRegister,
    TakesEffectByToday,
    NotBeforeRegistration,
    OneChangeAtATime,
)
APPROVAL_RULES: Final = (ProofOrReason,)
GRADE_RULES: Final = (
    GradeChanges,
    ReasonGiven,
    StillInTheRegister,
    TakesEffectByToday,
    NotBeforeRegistration,
    OneChangeAtATime,
)
ASSIGNMENT_RULES: Final = (OfficerAtWork, StillInTheRegister, TakesEffectByToday, NotBeforeThePredecessor)
PLEDGE_RULES: Final = (TakesEffectByToday, SignedOncePerDay)
