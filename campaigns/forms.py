"""Forms of the campaign room."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.choices import RegionLevel
from accounts.models import Post, Region, Unit, User
from accounts.querysets import in_force
from accounts.rules.rights import PERMISSIONS, Permission, Role
from campaigns.choices import AssessmentKind, Secrecy
from campaigns.models import Campaign
from campaigns.services.evidence import Term
from foodsafe_portal.lib.scope import in_territory
from inspections.choices import Severity

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
    """A weekly report: what was done, how far the task has come, what hinders, whether it is finished, and proof."""

    progress = forms.CharField(label=_("本周进展"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    percent = forms.IntegerField(label=_("完成进度(%)"), min_value=0, max_value=100, required=False)
    hindrance = forms.CharField(label=_("困难"), max_length=300, required=False)
    claims_done = forms.BooleanField(label=_("申请办结"), required=False)
    uploads = FilesField(label=_("佐证"), required=False, help_text=_("照片或 PDF；申请办结时必须附。"))


class DecisionForm(forms.Form):
    """Approve or return."""

    decision = forms.ChoiceField(choices=[("approve", _("通过")), ("return", _("退回"))])
    reason = forms.CharField(max_length=300, required=False)
    again_by = forms.DateField(label=_("重报期限"), required=False, widget=forms.DateInput(attrs=DAY))


class TaskExtensionForm(forms.Form):
    """A new due day for a task and why."""

    to = forms.DateField(label=_("新期限"), widget=forms.DateInput(attrs=DAY))
    reason = forms.CharField(label=_("理由"), max_length=300)


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs=DAY))


class TermForm(forms.Form):
    """The period proof covers and until when it holds."""

    covers_from = _day(_("覆盖自"))
    covers_to = _day(_("覆盖至"))
    valid_until = _day(_("有效期至"))

    def clean(self) -> dict[str, Any]:
        """A period does not end before it begins."""
        data = super().clean() or {}
        begins, ends = data.get("covers_from"), data.get("covers_to")
        if begins and ends and ends < begins:
            self.add_error("covers_to", _("覆盖期的结束早于开始，请改日期。"))
        return data

    def term(self) -> Term:
        """What was typed."""
        names = ("covers_from", "covers_to", "valid_until")
        return Term(**{name: self.cleaned_data[name] for name in names})


class BatchForm(TermForm):
    """What holds for all files of an upload."""

    secrecy = forms.ChoiceField(label=_("密级标记"), choices=Secrecy.choices, initial=Secrecy.OPEN)


class VersionForm(TermForm):
    """A newer version of a piece: a file, or an address for a link."""

    upload = forms.FileField(label=_("文件"), required=False)
    address = forms.URLField(label=_("链接"), required=False, max_length=500, assume_scheme="https")


class LinkPieceForm(TermForm):
    """A page elsewhere as proof of a clause."""

    address = forms.URLField(label=_("链接"), max_length=500, assume_scheme="https")
    title = forms.CharField(label=_("标题"), max_length=150)
    no = forms.CharField(label=_("条款号"), max_length=60)


class ReviewForm(forms.Form):
    """Accept, or return with a reason."""

    decision = forms.ChoiceField(choices=[("accept", _("通过")), ("return", _("退回"))])
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


class ReplanForm(forms.Form):
    """The review day and the days of every phase, to plan backwards from."""

    review_on = forms.DateField(label=_("迎检日期"), widget=forms.DateInput(attrs=DAY))

    def __init__(self, data: Any = None, *, campaign: Campaign, may_move: bool) -> None:
        super().__init__(data, initial={"review_on": campaign.review_on})
        self.fields["review_on"].widget.attrs["readonly"] = not may_move
        self.phases = list(campaign.phases.all())
        for phase in self.phases:
            for name, label, day in (
                ("start", _("%(phase)s 开始"), phase.starts_on),
                ("end", _("%(phase)s 结束"), phase.ends_on),
            ):
                self.fields[f"{name}-{phase.order}"] = forms.DateField(
                    label=label % {"phase": phase.name},
                    initial=day,
                    required=False,
                    widget=forms.DateInput(attrs=DAY),
                )

    def days(self) -> dict[str, Any]:
        """The days typed, as ``preview_replan`` takes them; an empty phase day stays as it is."""
        given = self.cleaned_data
        return {
            "review_on": given["review_on"],
            "phase_days": {
                phase.order: (
                    given[f"start-{phase.order}"] or phase.starts_on,
                    given[f"end-{phase.order}"] or phase.ends_on,
                )
                for phase in self.phases
            },
        }


def people_who_assess(campaign: Campaign, day: date) -> QuerySet[User]:
    """The people whose post of that day lets them fill an assessment, in the campaign's territory."""
    roles = [str(role) for role in Role if Permission.ASSESS in PERMISSIONS[role]]
    posts = Post.objects.filter(in_force(day), in_territory(campaign.region_id), role__in=roles)
    return User.objects.filter(pk__in=posts.values("user_id"), is_active=True).order_by("name", "username")


class AssessmentForm(forms.Form):
    """A new assessment: its kind, name and day, of the city or of every county, and who fills it."""

    kind = forms.ChoiceField(label=_("类别"), choices=AssessmentKind.choices)
    title = forms.CharField(label=_("名称"), max_length=80, help_text=_("如“第二次模拟测评”。"))
    held_on = forms.DateField(label=_("测评日期"), widget=forms.DateInput(attrs=DAY))
    each_county = forms.BooleanField(label=_("每个县（市、区）各开一份自评，交给该县联络员"), required=False)
    people = forms.ModelMultipleChoiceField(
        label=_("谁填"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.SelectMultiple(attrs={"data-select": "1"}),
        help_text=_("可以几个人一起填；不选时由创建办填。"),
    )

    def __init__(self, *args: Any, campaign: Campaign, day: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["people"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = people_who_assess(campaign, day)

    def clean(self) -> dict[str, Any]:
        """Only a self-assessment is opened for every county."""
        given = super().clean() or {}
        if given.get("each_county") and given.get("kind") != AssessmentKind.SELF:
            self.add_error(
                "each_county", _("只有自评可以按县（市、区）开；请把类别改为“自评”，或去掉这一项。")
            )
        return given


class SeatsForm(forms.Form):
    """Who fills an assessment."""

    people = forms.ModelMultipleChoiceField(
        label=_("谁填"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.SelectMultiple(attrs={"data-select": "1"}),
    )

    def __init__(self, *args: Any, campaign: Campaign, day: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["people"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = people_who_assess(campaign, day)


class RemedyForm(forms.Form):
    """A lost point as a problem, a task, or a problem for every county."""

    kind = forms.ChoiceField(
        label=_("转成"),
        choices=[("problem", _("问题")), ("task", _("任务")), ("counties", _("各县共性问题（举一反三）"))],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(label=_("要改什么"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))
    unit = forms.ModelChoiceField(
        label=_("责任单位"),
        queryset=Unit.objects.none(),
        required=False,
        help_text=_("不选时为条款的牵头单位。"),
    )
    counties = forms.ModelMultipleChoiceField(
        label=_("县（市、区）"),
        queryset=Region.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("只在转各县共性问题时用。"),
    )
    severity = forms.ChoiceField(label=_("严重程度"), choices=Severity.choices, initial=Severity.MINOR)
    due_on = forms.DateField(
        label=_("期限"),
        required=False,
        widget=forms.DateInput(attrs=DAY),
        help_text=_("任务必填；问题不填时按期限规则算。"),
    )
    regained = forms.DecimalField(
        label=_("办完可追回（分）"), max_digits=8, decimal_places=3, min_value=Decimal("0.001")
    )

    def __init__(self, *args: Any, counties: QuerySet[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit, places = self.fields["unit"], self.fields["counties"]
        assert isinstance(unit, forms.ModelChoiceField) and isinstance(places, forms.ModelMultipleChoiceField)
        unit.queryset = Unit.objects.filter(is_member=True).order_by("region_id", "name")
        places.queryset = counties.order_by("code")
        self.initial.setdefault("counties", [county.pk for county in places.queryset])

    def clean(self) -> dict[str, Any]:
        """A task has a day, a fan-out at least one county."""
        given = super().clean() or {}
        if given.get("kind") == "task" and not given.get("due_on"):
            self.add_error("due_on", _("转任务要写完成期限。"))
        if given.get("kind") == "counties" and not given.get("counties"):
            self.add_error("counties", _("请至少选一个县（市、区）。"))
        return given


class ReadingForm(forms.Form):
    """What was found for one clause: the fields its scoring method asks for, and the day."""

    on = forms.DateField(label=_("日期"), widget=forms.DateInput(attrs=DAY))
    value = forms.CharField(label=_("结果"), max_length=200)
    note = forms.CharField(label=_("说明"), max_length=300, required=False)


# --- work notices ---------------------------------------------------------------------------------

MANY = {"data-select": "1"}


class NoticeForm(forms.Form):
    """A notice, its reply-by date, and the units or counties it goes to."""

    title = forms.CharField(label=_("标题"), max_length=120)
    text = forms.CharField(label=_("正文"), max_length=5000, widget=forms.Textarea(attrs={"rows": 8}))
    reply_by = forms.DateField(label=_("答复期限"), widget=forms.DateInput(attrs=DAY))
    units = forms.ModelMultipleChoiceField(
        label=_("发给单位"),
        queryset=Unit.objects.none(),
        required=False,
        widget=forms.SelectMultiple(attrs=MANY),
    )
    counties = forms.ModelMultipleChoiceField(
        label=_("发给地区"),
        queryset=Region.objects.none(),
        required=False,
        widget=forms.SelectMultiple(attrs=MANY),
        help_text=_("选中地区的全部成员单位都会收到。"),
    )

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units, counties = self.fields["units"], self.fields["counties"]
        assert isinstance(units, forms.ModelMultipleChoiceField)
        assert isinstance(counties, forms.ModelMultipleChoiceField)
        self.members = Unit.objects.filter(in_territory(campaign.region_id), is_member=True)
        units.queryset = self.members.order_by("region_id", "name")
        counties.queryset = Region.objects.filter(
            in_territory(campaign.region_id, "code"), level=RegionLevel.COUNTY, closed_on__isnull=True
        ).order_by("code")

    def chosen(self) -> list[Unit]:
        """The units chosen by name and those of the counties chosen, each once."""
        found = list(self.cleaned_data["units"])
        for county in self.cleaned_data["counties"]:
            found += self.members.filter(in_territory(county.pk))
        return list(dict.fromkeys(found))


class NoticeExtendForm(forms.Form):
    """Until when a notice may be answered now, and why."""

    to = forms.DateField(label=_("新答复期限"), widget=forms.DateInput(attrs=DAY))
    reason = forms.CharField(label=_("理由"), max_length=300)


class AnswerForm(forms.Form):
    """An answer in words, with files, or both."""

    answer = forms.CharField(
        label=_("答复"), max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    uploads = FilesField(label=_("附件"), required=False, help_text=_("照片或 PDF。"))


class QuestionForm(forms.Form):
    """A question to the office."""

    question = forms.CharField(label=_("问题"), max_length=300)


class GuidanceAnswerForm(forms.Form):
    """The office's answer."""

    answer = forms.CharField(label=_("口径"), max_length=5000, widget=forms.Textarea(attrs={"rows": 2}))
