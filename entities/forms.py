"""Forms of the register: what people type, in their words and with today's limits."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.validators import FileExtensionValidator
from django.utils.translation import gettext_lazy as _

from accounts.choices import RegionLevel
from accounts.models import Region, User
from entities.choices import BusinessStatus, OfficerLevel, ResponsibilityGrade
from entities.fields import EDITABLE
from entities.models import Business, Officer
from foodsafe_portal.lib.scope import in_territory


class DayInput(forms.DateInput):
    """A day, picked in the browser's own calendar."""

    input_type = "date"

    def __init__(self, **attrs: Any) -> None:
        super().__init__(attrs=attrs, format="%Y-%m-%d")


def day_field(label: Any, today: date, **kwargs: Any) -> forms.DateField:
    """A day that has come; today unless somebody says otherwise."""
    return forms.DateField(label=label, initial=today, widget=DayInput(max=today.isoformat()), **kwargs)


def place_choices(user: User, current: str = "") -> list[tuple[Any, Any]]:
    """Townships by county within reach, and the villages of the current township."""
    wanted = Region.objects.visible_to(user).filter(closed_on__isnull=True)
    places = wanted.filter(level__in=(RegionLevel.COUNTY, RegionLevel.TOWNSHIP))
    if len(current) >= 9:
        places = places | wanted.filter(in_territory(current[:9], "code"))
    groups: dict[str, list[tuple[str, str]]] = {}
    counties: dict[str, str] = {}
    for code, name, level in places.order_by("code").values_list("code", "name", "level"):
        if level == RegionLevel.COUNTY:
            counties[code] = name
        else:
            groups.setdefault(code[:6], []).append((code, name if len(code) == 9 else f"　{name}"))
    reach = user.scope.regions("business")
    choices = [
        (
            counties.get(county, county),
            [place for place in listed if any(place[0].startswith(own) for own in reach)],
        )
        for county, listed in groups.items()
    ]
    return [("", "—"), *(group for group in choices if group[1])]


class BusinessForm(forms.ModelForm):
    """The fields of a business that people correct by hand; ``version`` is the one they opened."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Business
        fields = EDITABLE
        widgets = {"licence_valid_to": DayInput()}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = self.instance.region_id or ""
        self.fields["region"] = forms.ChoiceField(label=_("所在地区"), choices=place_choices(user, current))
        for name in ("scale", "risk_grade", "credit_grade", "catering_grade"):
            choices = getattr(Business._meta.get_field(name), "choices", None) or ()
            self.fields[name].choices = [("", _("未评") if name != "scale" else "—"), *choices]  # type: ignore[attr-defined]
        self.initial.update(region=current, version=self.instance.version)

    def clean_region(self) -> Region:
        """The region itself."""
        return Region.objects.get(pk=self.cleaned_data["region"])

    def clean(self) -> dict[str, Any]:
        """Nothing here writes to the instance: the service does."""
        return self.cleaned_data

    def _post_clean(self) -> None:
        """Leave the instance as it was read; uniqueness is the service's to refuse."""

    def values(self) -> dict[str, Any]:
        """The typed values of the editable fields."""
        return {name: self.cleaned_data[name] for name in EDITABLE}


class RegisterForm(BusinessForm):
    """A new business; it starts 正常 and without a grade."""

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["registered_on"] = day_field(_("入册日期"), today)


class StatusForm(forms.Form):
    """A proposed 经营状态 with its proof."""

    to_status = forms.ChoiceField(label=_("新状态"))
    reason = forms.CharField(label=_("原因"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))
    evidence = forms.FileField(
        label=_("佐证"),
        required=False,
        help_text=_("照片或 PDF，不超过 10 MB"),
        validators=[FileExtensionValidator(["jpg", "jpeg", "png", "webp", "pdf"], _("只能上传照片或 PDF。"))],
        widget=forms.ClearableFileInput(attrs={"accept": "image/jpeg,image/png,image/webp,application/pdf"}),
    )

    def __init__(self, *args: Any, business: Business, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = [choice for choice in BusinessStatus.choices if choice[0] != business.status]
        self.fields["to_status"].choices = [("", "—"), *others]  # type: ignore[attr-defined]
        self.fields["effective_on"] = day_field(_("生效日期"), today, help_text=_("状态实际改变的那天"))
        self.order_fields(["to_status", "effective_on", "reason", "evidence"])


class GradeForm(forms.Form):
    """Another 包保等级 with its reason."""

    to_grade = forms.ChoiceField(label=_("新包保等级"))
    reason = forms.CharField(label=_("原因"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, business: Business, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = [
            choice for choice in ResponsibilityGrade.choices if choice[0] != business.responsibility_grade
        ]
        self.fields["to_grade"].choices = [("", "—"), *others]  # type: ignore[attr-defined]
        self.fields["effective_on"] = day_field(_("生效日期"), today)
        self.order_fields(["to_grade", "effective_on", "reason"])


class AssignForm(forms.Form):
    """An officer for a business; whoever held the same level before is relieved the day before."""

    officer = forms.ModelChoiceField(label=_("包保干部"), queryset=Officer.objects.none())

    def __init__(self, *args: Any, business: Business, user: User, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        officers = Officer.objects.visible_to(user).fit_for(business.region_id)
        field = self.fields["officer"]
        field.queryset = officers.order_by("name")  # type: ignore[attr-defined]
        field.choices = _by_level(field.queryset)  # type: ignore[attr-defined]
        self.fields["valid_from"] = day_field(_("包保起始"), today)


def _by_level(officers: Any) -> list[tuple[Any, Any]]:
    groups: dict[str, list[tuple[int, str]]] = {level.value: [] for level in OfficerLevel}
    for officer in officers:
        where = " · ".join(part for part in (officer.name, officer.unit_name, officer.title) if part)
        groups[officer.level].append((officer.pk, where))
    return [("", "—"), *((OfficerLevel(level).label, listed) for level, listed in groups.items() if listed)]


class EndForm(forms.Form):
    """The last day of a bond and why it ends."""

    reason = forms.CharField(label=_("原因"), max_length=300, required=False)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"] = day_field(_("终止日期"), today, help_text=_("最后在任的一天"))
        self.order_fields(["on", "reason"])


class ReviewForm(forms.Form):
    """A reviewer's answer; not passing needs a note."""

    decision = forms.ChoiceField(choices=[("approve", _("通过")), ("reject", _("不通过"))])
    note = forms.CharField(label=_("审核意见"), max_length=300, required=False)


class PledgeForm(forms.Form):
    """The day on which an officer signed the 承诺书 for all their businesses."""

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["signed_on"] = day_field(_("签订日期"), today)


class DecisionForm(forms.Form):
    """A decision on a pair: which business is kept (for a merger), why, what the person saw, and whether they are sure."""

    survivor = forms.TypedChoiceField(
        label=_("保留哪一家"), coerce=int, choices=(), error_messages={"required": _("请选择保留哪一家。")}
    )
    note = forms.CharField(label=_("说明"), max_length=300, required=False)
    seen = forms.CharField(max_length=40, required=False)
    sure = forms.BooleanField(required=False)

    def __init__(
        self, *args: Any, businesses: tuple[int, ...] = (), reason: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if businesses:
            self.fields["survivor"].choices = [(str(key), str(key)) for key in businesses]  # type: ignore[attr-defined]
        else:
            del self.fields["survivor"]
        if reason:
            self.fields["note"].required = True
            self.fields["note"].error_messages["required"] = _("撤销须写明原因。")
