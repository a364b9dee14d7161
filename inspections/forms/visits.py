"""The visit form: exceptions only, one problem card per failed item."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entities.models import Officer
from inspections.choices import Answer, Severity, VisitMode
from inspections.reports.visits import ItemLine
from inspections.services.visits import FoundProblem


class VisitForm(forms.Form):
    """One submit: who visited when and how, and what was not in order.

    ``no_problem`` means every item passed, whatever else was filled in. The items are read as ``item-3`` with ``finding-3``,
    ``note-3``, ``photo-3``, ``severity-3`` and ``fixed-3``; what is missing passed.
    """

    client_uuid = forms.UUIDField(error_messages={"invalid": gettext_lazy("提交编号有误，请刷新页面。")})
    on = forms.DateField(
        required=False, error_messages={"invalid": gettext_lazy("督导日期应写成 2026-11-16。")}
    )
    mode = forms.ChoiceField(choices=VisitMode.choices, required=False)
    officer = forms.ModelChoiceField(
        Officer.objects.none(),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("这位干部没有包保这家主体，请重选。")},
    )
    no_problem = forms.BooleanField(required=False)

    data: QueryDict
    files: MultiValueDict

    def __init__(
        self,
        data: QueryDict,
        files: MultiValueDict,
        *,
        officers: Sequence[Officer],
        items: Sequence[ItemLine],
        today: date,
    ) -> None:
        super().__init__(data, files)
        self.fields["officer"].queryset = Officer.objects.filter(pk__in=[one.pk for one in officers])  # type: ignore[attr-defined]
        self.officers, self.items, self.today = officers, items, today
        self.item_errors: dict[int, str] = {}
        self.problems: list[FoundProblem] = []
        self.answers: dict[int, str] = {}

    def clean_on(self) -> date:
        """The day of the visit; today when none was given."""
        return self.cleaned_data["on"] or self.today

    def clean_mode(self) -> str:
        """How the visit was made; on site when nothing was said."""
        return self.cleaned_data["mode"] or VisitMode.ON_SITE

    def clean_officer(self) -> Officer:
        """Who visited; the only one it can be when none was chosen."""
        officer = self.cleaned_data["officer"] or next(iter(self.officers), None)
        if officer is None:
            raise forms.ValidationError(_("这家主体还没有包保干部；请先登记包保关系。"))
        return officer

    def clean(self) -> dict[str, Any]:
        """Read the items; every incomplete problem is named at its item."""
        values = super().clean() or {}
        if not values.get("no_problem"):
            for item in self.items:
                self._read(item)
        if self.item_errors:
            raise forms.ValidationError(
                _("%(n)s 个问题没填全，请补上后再提交。") % {"n": len(self.item_errors)}, code="items"
            )
        return values

    def _read(self, item: ItemLine) -> None:
        answer = self.data.get(f"item-{item.number}", Answer.PASS)
        if answer == Answer.NOT_APPLICABLE:
            self.answers[item.number] = answer
        if answer != Answer.FAIL:
            return
        chosen = [word for word in self.data.getlist(f"finding-{item.number}") if word in item.findings]
        note = self.data.get(f"note-{item.number}", "").replace("\0", "").strip()
        severity = self.data.get(f"severity-{item.number}", item.severity)
        photos = self.files.getlist(f"photo-{item.number}")
        if not chosen and not note:
            self.item_errors[item.number] = _("请选一个常见问题或写说明。")
        elif len(note) > 500:
            self.item_errors[item.number] = _("说明最多 500 字，现在 %(n)s 字。") % {"n": len(note)}
        elif severity not in Severity.values:
            self.item_errors[item.number] = _("请选严重程度。")
        elif not photos:
            self.item_errors[item.number] = _("请拍至少 1 张照片。")
        said = "；".join(part for part in ("、".join(chosen), note) if part)
        self.problems.append(
            FoundProblem(
                description=f"{item.text}：{said}",
                severity=severity,
                item=item.number,
                photos=photos,
                fixed_on_spot=bool(self.data.get(f"fixed-{item.number}")),
            )
        )

    def sentences(self) -> list[str]:
        """Every refusal as one sentence with its place, for a phone that sends without a page."""
        told = [str(message) for messages in self.errors.values() for message in messages]
        words = {item.number: item.text for item in self.items}
        return [*told, *(f"{words[number]}：{message}" for number, message in self.item_errors.items())]


class VoidForm(forms.Form):
    """Why a visit is taken back."""

    reason = forms.CharField(
        max_length=200,
        label=gettext_lazy("撤销原因"),
        error_messages={"required": gettext_lazy("撤销要写明原因。")},
    )


def new_number() -> uuid.UUID:
    """The number that makes a repeated submit one visit."""
    return uuid.uuid4()
