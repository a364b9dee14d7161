"""Why a clause scored what it did and why a campaign passes or fails: the engine's sentences, for readers of other languages."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from foodsafe_portal.lib.sentences import may_be_stored, told
from foodsafe_portal.lib.typography import set_chinese


def said(reason: str) -> str:
    """A reason of the scoring engine as pages print it, in the reader's language."""
    return set_chinese(told(reason))


may_be_stored(
    # a clause
    _("扣%(n_points)s分:%(facts_said)s,应扣%(n_due)s分,扣完为止"),
    _("扣%(n_points)s分:%(facts_said)s"),
    _("不扣分:%(facts_said)s"),
    _("加%(n_points)s分:%(facts_said)s"),
    _("不加分:%(facts_said)s"),
    _("否决:%(facts_said)s"),
    _("未触发否决:%(facts_said)s"),
    _("不适用:%(reason)s"),
    # the facts behind it
    _("已达到要求"),
    _("未达到要求"),
    _("发现%(n_found)s%(unit_said)s,每%(unit_said)s扣%(n_each)s分,最多扣%(n_cap)s分"),
    _("发现%(n_found)s%(unit_said)s,每%(unit_said)s扣%(n_each)s分"),
    _("要求%(n_required)s%(unit_said)s,实际%(n_value)s%(unit_said)s"),
    _("要求%(sign)s%(n_target)s,实际%(n_value)s"),
    _("要求%(n_required)s,实际%(n_value)s"),
    _("达到≥%(n_least)s档,实际%(n_value)s"),
    _("最低一档要求≥%(n_least)s,实际%(n_value)s"),
    _("目标%(n_target)s,实际%(n_value)s"),
    _("%(n_sites)s个点位共%(n_found)s%(unit_said)s,每%(unit_said)s扣%(n_each)s分"),
    _("%(n_sites)s个点位平均%(n_points)s分"),
    _("%(n_sites)s个点位最低%(n_points)s分"),
    _("%(n_done)s%(unit_said)s,每%(unit_said)s加%(n_each)s分,最多加%(n_cap)s分"),
    _("已发生,%(facts_said)s"),
    _("未发生,%(facts_said)s"),
    _("已发生"),
    _("未发生"),
    # the result
    _("触发否决项 %(clause)s：%(facts_said)s"),
    _("否决项 %(clause)s 未评"),
    _("没有触发否决项"),
    _("评价细则没有写明通过条件"),
    _("关键项 %(clause)s 得分率为 %(n_rate)s%%，低于 %(n_bound)s%%"),
    _("关键项 %(clause)s 得分率最高 %(n_rate)s%%，低于 %(n_bound)s%%"),
    _("关键项 %(clause)s 得分率在 %(n_low)s%% 到 %(n_high)s%% 之间，能否达到 %(n_bound)s%% 未定"),
    _("各关键项得分率均不低于 %(n_bound)s%%"),
    _("总分为 %(n_points)s 分，达不到 %(n_bound)s 分"),
    _("总分最高 %(n_points)s 分，达不到 %(n_bound)s 分"),
    _("总分在 %(n_low)s 到 %(n_high)s 分之间，能否达到 %(n_bound)s 分未定"),
    _("总分为 %(n_points)s 分，达到 %(n_bound)s 分"),
    _("总分最低 %(n_points)s 分，达到 %(n_bound)s 分"),
    _("基础分为 %(n_points)s 分，达不到 %(n_bound)s 分"),
    _("基础分最高 %(n_points)s 分，达不到 %(n_bound)s 分"),
    _("基础分在 %(n_low)s 到 %(n_high)s 分之间，能否达到 %(n_bound)s 分未定"),
    _("基础分为 %(n_points)s 分，达到 %(n_bound)s 分"),
    _("基础分最低 %(n_points)s 分，达到 %(n_bound)s 分"),
)
