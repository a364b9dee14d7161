"""Forms of problems: one for opening, one for each step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import RegionLevel
from accounts.models import Region, Unit, User
from entities.models import Business
from foodsafe_portal.lib.scope import in_territory
from inspections.choices import ProblemKind, ProblemSource, Severity
from inspections.models import Problem

MOST_FILES = 9
NOTE = 1000
DAY_WRONG = gettext_lazy("日期应写成 2026-11-16。")


class Day(forms.DateField):
    """A day, typed or picked."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            error_messages={"invalid": DAY_WRONG, "required": gettext_lazy("请填日期。")}, **kwargs
        )


class ManyFiles(forms.ClearableFileInput):
    """A file input that takes several files at once."""

    allow_multiple_selected = True


class Photos(forms.FileField):
    """Up to nine photos or PDF files; what they hold is checked when they are stored."""

    widget = ManyFiles(attrs={"multiple": True, "accept": "image/jpeg,image/png,image/webp,application/pdf"})

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Every file that was sent, each checked like a single one."""
        sent = [one for one in (data if isinstance(data, list | tuple) else [data]) if one]
        if not sent:
            super().clean(None, initial)
            return []
        if len(sent) > MOST_FILES:
            raise forms.ValidationError(_("一次最多 %(n)s 份文件；请分次报送。") % {"n": MOST_FILES})
        return [super(Photos, self).clean(one, initial) for one in sent]


def note(
    label: Any, *, required: bool = False, missing: Any = "", rows: int = 3, longest: int = NOTE
) -> forms.CharField:
    """A few sentences."""
    return forms.CharField(
        label=label,
        required=required,
        max_length=longest,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": missing} if missing else {},
    )


class StepForm(forms.Form):
    """A step about one problem. ``version`` tells which problem the person saw, ``do`` which button was pressed."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    choices: Mapping[str, Any] = {}

    def __init__(self, *args: Any, user: User, problem: Problem, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.problem = user, problem
        self.initial.setdefault("version", problem.version)

    @property
    def shown(self) -> list[forms.BoundField]:
        """The fields a person fills in."""
        return self.visible_fields()

    @property
    def do(self) -> str:
        """The button that was pressed."""
        return str(self.data.get("do", ""))

    def clean(self) -> dict[str, Any]:
        """A button this form does not have is no answer."""
        values = super().clean() or {}
        if self.choices and self.do not in self.choices:
            raise forms.ValidationError(_("请用页面上的按钮办理。"))
        values.pop("version", None)
        return values


class SignForm(StepForm):
    """Taking the problem on needs no words."""


class PlanForm(StepForm):
    """One plan, one leader."""

    measures = note(
        gettext_lazy("整改措施（每行一条）"),
        required=True,
        missing=gettext_lazy("请写整改措施，每行一条。"),
        rows=5,
        longest=4000,
    )
    leader_name = forms.CharField(
        label=gettext_lazy("责任领导"),
        max_length=60,
        error_messages={"required": gettext_lazy("请填一名责任领导。")},
    )
    owner_name = forms.CharField(label=gettext_lazy("责任人"), max_length=60, required=False)

    def __init__(self, *args: Any, problem: Problem, **kwargs: Any) -> None:
        super().__init__(*args, problem=problem, **kwargs)
        known = {
            "measures": problem.plan,
            "leader_name": problem.leader_name,
            "owner_name": problem.owner_name,
        }
        self.initial = {**known, **self.initial}


class SubmitForm(StepForm):
    """The fix with its proof."""

    on = Day(label=gettext_lazy("整改完成日期"))
    note = note(gettext_lazy("整改情况"), required=True, missing=gettext_lazy("请写怎么整改的。"))
    proof = Photos(
        label=gettext_lazy("整改后照片或文件"),
        error_messages={"required": gettext_lazy("请附至少 1 张整改后的照片或 1 份 PDF。")},
    )


class CheckForm(StepForm):
    """First check: pass on, or send back with a reason."""

    choices = {"pass": gettext_lazy("审核通过，送复核"), "return": gettext_lazy("退回整改")}
    note = note(gettext_lazy("审核意见（退回必填：缺什么、何时补）"))

    def clean(self) -> dict[str, Any]:
        """Sending back needs its reason."""
        values = super().clean()
        if self.do == "return" and not values.get("note", "").strip() and "note" not in self.errors:
            self.add_error("note", _("退回必须写明理由：缺什么、何时补。"))
        return values


class VerifyForm(CheckForm):
    """Second check: close, or send back with a reason."""

    choices = {"close": gettext_lazy("复核合格，销号"), "return": gettext_lazy("退回整改")}
    note = note(gettext_lazy("复核意见（退回必填：缺什么、何时补）"))


class ExtendForm(StepForm):
    """Asking for a later deadline."""

    to_due_on = Day(label=gettext_lazy("申请延至"))
    reason = note(
        gettext_lazy("延期理由"), required=True, missing=gettext_lazy("请写延期理由。"), longest=300
    )


class ExtensionForm(StepForm):
    """Deciding it."""

    choices = {"approve": gettext_lazy("批准延期"), "refuse": gettext_lazy("不批准")}
    note = note(gettext_lazy("批准意见（不批准必填）"), longest=300)

    def clean(self) -> dict[str, Any]:
        """A refusal needs its reason."""
        values = super().clean()
        if self.do == "refuse" and not values.get("note", "").strip() and "note" not in self.errors:
            self.add_error("note", _("不批准必须写明理由。"))
        return values


class TransferForm(StepForm):
    """Another responsible unit."""

    unit = forms.ModelChoiceField(
        Unit.objects.none(),
        label=gettext_lazy("改派给"),
        error_messages={
            "required": gettext_lazy("请选新的责任单位。"),
            "invalid_choice": gettext_lazy("没有这个单位，请重选。"),
        },
    )
    reason = note(gettext_lazy("改派理由"), required=True, missing=gettext_lazy("请写改派理由。"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = Unit.objects.visible_to(self.user).exclude(pk=self.problem.unit_id or 0)
        self.fields["unit"].queryset = units.order_by("region_id", "name")  # type: ignore[attr-defined]
        self.fields["unit"].empty_label = _("请选择")  # type: ignore[attr-defined]


class ReferForm(StepForm):
    """Handing over to the market regulator."""

    office = forms.CharField(
        label=gettext_lazy("移交给（监管所）"),
        max_length=100,
        error_messages={"required": gettext_lazy("请填监管所。")},
    )
    reason = note(gettext_lazy("移交理由"), required=True, missing=gettext_lazy("请写移交理由。"))

    def __init__(self, *args: Any, problem: Problem, **kwargs: Any) -> None:
        super().__init__(*args, problem=problem, **kwargs)
        if problem.business is not None:
            self.initial.setdefault("office", problem.business.supervision_office)


class ReferralForm(StepForm):
    """What the regulator did."""

    choices = {
        "file": gettext_lazy("立案"),
        "decline": gettext_lazy("不立案"),
        "conclude": gettext_lazy("结案"),
    }
    on = Day(label=gettext_lazy("日期"))
    case_no = forms.CharField(label=gettext_lazy("立案号（立案必填）"), max_length=60, required=False)
    note = note(gettext_lazy("说明（不立案必填）"))

    def __init__(self, *args: Any, problem: Problem, **kwargs: Any) -> None:
        super().__init__(*args, problem=problem, **kwargs)
        if problem.state != "referred":
            del self.fields["case_no"]
            self.fields["note"].label, self.fields["note"].required = _("处理结果"), True
            self.fields["note"].error_messages["required"] = _("结案要写处理结果。")

    def clean(self) -> dict[str, Any]:
        """Each outcome needs its word."""
        values = super().clean()
        if self.do == "file" and not values.get("case_no", "").strip():
            self.add_error("case_no" if "case_no" in self.fields else None, _("立案要写明立案号。"))
        if (
            self.do in ("decline", "conclude")
            and not values.get("note", "").strip()
            and "note" not in self.errors
        ):
            self.add_error("note", _("不立案必须写明理由。"))
        return values


class RevisitForm(StepForm):
    """Looking back after closure."""

    choices = {"pass": gettext_lazy("回头看合格"), "fail": gettext_lazy("不合格，重新打开")}
    on = Day(label=gettext_lazy("回头看日期"))
    note = note(gettext_lazy("说明（不合格必填）"))

    def clean(self) -> dict[str, Any]:
        """Reopening needs its reason."""
        values = super().clean()
        if self.do == "fail" and not values.get("note", "").strip() and "note" not in self.errors:
            self.add_error("note", _("不合格要写明发现了什么。"))
        return values


class VoidProblemForm(StepForm):
    """Why it should not have been entered."""

    reason = note(
        gettext_lazy("作废理由"), required=True, missing=gettext_lazy("请写作废理由。"), longest=200
    )


class ProblemForm(forms.Form):
    """A problem found by the office, a county, a township or a supervision team; a common one goes to several units."""

    kind = forms.ChoiceField(
        label=gettext_lazy("问题类型"),
        choices=ProblemKind.choices,
        initial=ProblemKind.SINGLE,
        widget=forms.RadioSelect,
    )
    description = note(
        gettext_lazy("问题描述"), required=True, missing=gettext_lazy("请写发现了什么问题。"), longest=2000
    )
    source = forms.ChoiceField(
        label=gettext_lazy("问题来源"), choices=ProblemSource.choices, initial=ProblemSource.INSPECTION
    )
    severity = forms.ChoiceField(
        label=gettext_lazy("严重程度"), choices=Severity.choices, initial=Severity.MINOR
    )
    found_on = Day(label=gettext_lazy("发现日期"))
    business = forms.CharField(label=gettext_lazy("经营主体"), max_length=150, required=False)
    region = forms.ModelChoiceField(
        Region.objects.none(),
        label=gettext_lazy("地区"),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("所选地区不在辖区内，请重选。")},
    )
    place = forms.CharField(label=gettext_lazy("点位"), max_length=150, required=False)
    unit = forms.ModelChoiceField(
        Unit.objects.none(),
        label=gettext_lazy("责任单位"),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("没有这个单位，请重选。")},
    )
    units = forms.ModelMultipleChoiceField(
        Unit.objects.none(),
        label=gettext_lazy("共性问题的责任单位"),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("没有这个单位，请重选。")},
    )
    assist_units = forms.CharField(label=gettext_lazy("配合单位"), max_length=200, required=False)
    leader_name = forms.CharField(label=gettext_lazy("责任领导"), max_length=60, required=False)
    rule_item = forms.CharField(label=gettext_lazy("对应评价要点"), max_length=40, required=False)
    due_on = Day(label=gettext_lazy("整改期限"), required=False)
    photos = Photos(label=gettext_lazy("整改前照片"), required=False)

    def __init__(self, *args: Any, user: User, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.initial.setdefault("found_on", today)
        levels = [RegionLevel.CITY, RegionLevel.COUNTY, RegionLevel.TOWNSHIP]
        within = Q(pk__in=[])
        for code in user.scope.regions("problem"):
            within |= in_territory(code, "code")
        regions = Region.objects.visible_to(user).filter(within, level__in=levels, closed_on__isnull=True)
        units = Unit.objects.visible_to(user).select_related("region").order_by("region_id", "name")
        for name in ("region", "unit", "units"):
            self.fields[name].widget.attrs |= {"data-select": "", "class": "form-select"}
        for name in ("region", "unit"):
            self.fields[name].empty_label = _("不选")  # type: ignore[attr-defined]
        self.fields["region"].queryset = regions.order_by("code")  # type: ignore[attr-defined]
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        self.fields["units"].queryset = units.filter(within_units(user))  # type: ignore[attr-defined]

    def clean_business(self) -> Business | None:
        """The one business of this number or name that the person sees."""
        text = self.cleaned_data["business"].strip()
        if not text:
            return None
        named = Q(licence_no=text.upper()) | Q(credit_code=text.upper()) | Q(name=text)
        found = list(
            Business.objects.visible_to(self.user).select_related("region").filter(named).order_by("pk")[:6]
        )
        if not found:
            raise forms.ValidationError(_("没有找到这家主体；请填完整的名称、许可证号或信用代码。"))
        if len(found) > 1:
            several = "；".join(
                f"{one.name}（{one.licence_no or one.premises_address}）" for one in found[:5]
            )
            raise forms.ValidationError(_("有几家主体相符，请改填许可证号：%(names)s") % {"names": several})
        return found[0]

    def clean(self) -> dict[str, Any]:
        """A single problem has a place, a common one its units."""
        values = super().clean() or {}
        if values.get("kind") == ProblemKind.COMMON:
            if not values.get("units") and "units" not in self.errors:
                self.add_error("units", _("共性问题要选责任单位，至少 1 个。"))
        elif (
            not values.get("business")
            and not values.get("region")
            and not {"business", "region"} & set(self.errors)
        ):
            self.add_error("region", _("请选地区，或填经营主体。"))
        return values

    @property
    def opening(self) -> dict[str, Any]:
        """The arguments of ``open_problem`` or, for a common problem, of ``open_common_problem``."""
        values = dict(self.cleaned_data)
        common = values.pop("kind") == ProblemKind.COMMON
        for name in ("business", "region", "unit") if common else ("units",):
            values.pop(name)
        return values


def within_units(user: User) -> Q:
    """Units whose own region lies where this person sees problems: a common problem lies in its unit's region."""
    within = Q(pk__in=[])
    for code in user.scope.regions("problem"):
        within |= in_territory(code)
    return within
