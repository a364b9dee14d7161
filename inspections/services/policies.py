"""Policies and checklists: new editions are entered for a day to come; what is in force never changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from inspections.errors import InspectionRefused
from inspections.models import Checklist, DeadlinePolicy, FrequencyPolicy
from records.services.rows import remove_row, save_row

Policy = TypeVar("Policy", FrequencyPolicy, DeadlinePolicy, Checklist)


class PolicyRefused(InspectionRefused):
    """A policy that cannot be saved or withdrawn."""


def in_force(policy: FrequencyPolicy | DeadlinePolicy | Checklist, today: date) -> bool:
    """Whether a stored policy has taken effect; from then on it never changes."""
    return policy.effective_from <= today


def _may_write(policy: Policy, effective_from: date, source: str) -> None:
    today = timezone.localdate()
    if not policy._state.adding:
        stored = type(policy).objects.get(pk=policy.pk)
        if in_force(stored, today):
            raise PolicyRefused(
                _("“%(stored)s”从 %(effective_from)s 起已经生效，不能再改；请新增一条以后生效的。")
                % {"stored": stored, "effective_from": stored.effective_from}
            )
    if effective_from < today:
        raise PolicyRefused(
            _("生效日期 %(effective_from)s 已经过去；规则不溯及既往，请填今天或以后的日期。")
            % {"effective_from": effective_from}
        )
    if not source.strip():
        raise PolicyRefused(_("请写明依据（文件名称和条款，或“本市规定”）。"))


@transaction.atomic
def save_frequency_policy(
    *,
    policy: FrequencyPolicy,
    grade: str,
    effective_from: date,
    times: int,
    per: str,
    due_mode: str,
    source: str,
    by: Any,
    seen: str = "",
) -> FrequencyPolicy:
    """How often a grade is visited from a day to come. Raises ``PolicyRefused`` or ``RowRefused``."""
    _may_write(policy, effective_from, source)
    if times < 1:
        raise PolicyRefused(_("次数至少是 1。"))
    values = {
        "grade": grade,
        "effective_from": effective_from,
        "times": times,
        "per": per,
        "due_mode": due_mode,
        "source": source.strip(),
    }
    return save_row(row=policy, values=values, by=by, noun="frequency_policy", seen=seen)


@transaction.atomic
def save_deadline_policy(
    *,
    policy: DeadlinePolicy,
    severity: str,
    effective_from: date,
    days: int,
    unit: str,
    source: str,
    by: Any,
    seen: str = "",
) -> DeadlinePolicy:
    """How long a fix may take from a day to come. Raises ``PolicyRefused`` or ``RowRefused``."""
    _may_write(policy, effective_from, source)
    if not 1 <= days <= 365:
        raise PolicyRefused(_("天数要在 1 到 365 之间，填的是 %(days)s。") % {"days": days})
    values = {
        "severity": severity,
        "effective_from": effective_from,
        "days": days,
        "unit": unit,
        "source": source.strip(),
    }
    return save_row(row=policy, values=values, by=by, noun="deadline_policy", seen=seen)


@transaction.atomic
def save_checklist(
    *,
    checklist: Checklist,
    level: str,
    edition: str,
    title: str,
    effective_from: date,
    source: str,
    items: Sequence[Mapping[str, Any]],
    by: Any,
    seen: str = "",
) -> Checklist:
    """An edition of a checklist with its items (number, text, findings, severity) for a day to come.

    Raises ``PolicyRefused`` for an edition in force, without items, or with a number given twice.
    """
    _may_write(checklist, effective_from, source)
    if not items:
        raise PolicyRefused(_("任务清单至少要有一项。"))
    if len({item["number"] for item in items}) < len(items):
        raise PolicyRefused(_("检查项的序号不能重复。"))
    values = {
        "level": level,
        "edition": edition.strip(),
        "title": title.strip(),
        "effective_from": effective_from,
        "source": source.strip(),
    }
    return save_row(
        row=checklist, values=values, by=by, noun="checklist", seen=seen, lines={"items": list(items)}
    )


@transaction.atomic
def withdraw_policy(*, policy: FrequencyPolicy | DeadlinePolicy | Checklist, by: Any) -> None:
    """Take out a policy or checklist that has not taken effect. Raises ``PolicyRefused`` or ``RowRefused``."""
    stored = type(policy).objects.get(pk=policy.pk)
    if in_force(stored, timezone.localdate()):
        raise PolicyRefused(_("“%(stored)s”已经生效，不能删除。") % {"stored": stored})
    remove_row(row=stored, by=by, noun=NOUNS[type(stored)])


NOUNS = {FrequencyPolicy: "frequency_policy", DeadlinePolicy: "deadline_policy", Checklist: "checklist"}
