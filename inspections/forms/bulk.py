"""What is told once about many problems: a note, another unit, why they are void."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from inspections.forms.problems import note


class ManyForm(forms.Form):
    """What somebody tells once about all the problems they picked."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user


class CheckedForm(ManyForm):
    """A checker's words for many fixes alike."""

    note = note(_("意见"), rows=1)


class HandToForm(ManyForm):
    """The unit that becomes responsible for many problems, and why."""

    unit = forms.ModelChoiceField(
        Unit.objects.none(),
        label=_("责任单位"),
        empty_label=_("请选择"),
        error_messages={
            "required": _("请选新的责任单位。"),
            "invalid_choice": _("没有这个单位，请重选。"),
        },
    )
    reason = note(_("改派理由"), required=True, missing=_("请写改派理由。"), rows=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = Unit.objects.visible_to(self.user).order_by("region_id", "name")
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        self.fields["unit"].widget.attrs |= {"data-select": "", "class": "form-select"}


class VoidManyForm(ManyForm):
    """Why many problems should not have been entered."""

    reason = note(_("作废理由"), required=True, missing=_("请写作废理由。"), rows=1, longest=200)
