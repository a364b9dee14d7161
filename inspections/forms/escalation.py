"""Forms of escalation: a new edition of a rule, a decision, an outcome."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inspections.choices import EscalationPaper, EscalationStepKind, EscalationTo
from inspections.services.overdue_things import all_overdue_things


class RuleForm(forms.Form):
    """How a rung stands from a day on."""

    thing = forms.ChoiceField(label=_("事项"))
    step = forms.ChoiceField(label=_("措施"), choices=EscalationStepKind.choices)
    grace_days = forms.IntegerField(label=_("逾期工作日数"), min_value=1, max_value=400)
    to = forms.ChoiceField(label=_("发给"), choices=EscalationTo.choices)
    paper = forms.ChoiceField(
        label=_("文书"), choices=[("", _("无")), *EscalationPaper.choices], required=False
    )
    effective_from = forms.DateField(label=_("生效日期"), widget=forms.DateInput(attrs={"type": "date"}))
    active = forms.BooleanField(label=_("启用"), required=False, initial=True)
    source = forms.CharField(label=_("依据"), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["thing"].choices = [(one.key, one.title) for one in all_overdue_things()]  # type: ignore[attr-defined]


class DecisionForm(forms.Form):
    """A reason for or against what was proposed."""

    reason = forms.CharField(
        label=_("理由"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("请写明同意或不采取的理由。")},
    )  # fmt: skip


class OutcomeForm(forms.Form):
    """When it took place and what came of it."""

    held_on = forms.DateField(label=_("实施日期"), widget=forms.DateInput(attrs={"type": "date"}))
    outcome = forms.CharField(label=_("结果"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
