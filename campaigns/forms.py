"""Forms of the campaign room."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit

DAY = {"type": "date"}


class ManyFiles(forms.ClearableFileInput):
    """Several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """A list of uploads, empty when none was chosen."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Every file cleaned by itself."""
        chosen = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(FilesField, self).clean(one, initial) for one in chosen if one]


class TaskReportForm(forms.Form):
    """A weekly report: what was done, whether the task is finished, and proof."""

    progress = forms.CharField(label=_("本周进展"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    claims_done = forms.BooleanField(label=_("申请办结"), required=False)
    uploads = FilesField(label=_("佐证"), required=False, help_text=_("照片或 PDF；申请办结时必须附。"))


class DecisionForm(forms.Form):
    """Approve or return."""

    decision = forms.ChoiceField(choices=[("approve", _("通过")), ("return", _("退回"))])
    reason = forms.CharField(max_length=300, required=False)


class DirectiveForm(forms.Form):
    """A leader's instruction, the unit that carries it out, and its deadline."""

    text = forms.CharField(label=_("批示内容"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))
    unit = forms.ModelChoiceField(label=_("承办单位"), queryset=Unit.objects.none(), required=False)
    due_on = forms.DateField(label=_("办结期限"), required=False, widget=forms.DateInput(attrs=DAY))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["unit"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Unit.objects.filter(is_member=True).order_by("name")


class ReviewDateForm(forms.Form):
    """A new review date and on whose word."""

    to = forms.DateField(label=_("新迎检日期"), widget=forms.DateInput(attrs=DAY))
    reason = forms.CharField(label=_("依据"), max_length=300)


class ReadingForm(forms.Form):
    """What was found for one clause: the fields its scoring method asks for, and the day."""

    on = forms.DateField(label=_("日期"), widget=forms.DateInput(attrs=DAY))
    value = forms.CharField(label=_("结果"), max_length=200)
    note = forms.CharField(label=_("说明"), max_length=300, required=False)
