"""Problems, their way to closure, and everything that happened to them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Region, Unit
from entities.choices import ResponsibilityGrade, Source
from entities.models import Business
from inspections.choices import ExtensionState, ProblemKind, ProblemSource, ProblemState, Severity
from inspections.models.visits import Visit
from inspections.querysets import ProblemQuerySet


def person(label: Any, **kwargs: Any) -> models.ForeignKey:
    """A nullable reference to whoever did something."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=label,
        **kwargs,
    )


class Problem(models.Model):
    """One problem: one plan, one leader, one responsible unit, one original due date that never changes."""

    code = models.CharField(_("问题编号"), max_length=20, unique=True)
    kind = models.CharField(
        _("问题类型"), max_length=8, choices=ProblemKind.choices, default=ProblemKind.SINGLE
    )
    source = models.CharField(_("问题来源"), max_length=12, choices=ProblemSource.choices)
    severity = models.CharField(
        _("严重程度"), max_length=10, choices=Severity.choices, default=Severity.MINOR
    )
    description = models.TextField(_("问题描述"))
    place = models.CharField(_("点位/主体"), max_length=150, blank=True)
    business = models.ForeignKey(
        Business, models.PROTECT, null=True, blank=True, related_name="problems", verbose_name=_("经营主体")
    )
    visit = models.ForeignKey(
        Visit, models.PROTECT, null=True, blank=True, related_name="problems", verbose_name=_("督导记录")
    )
    region = models.ForeignKey(
        Region, models.PROTECT, related_name="+", db_index=False, verbose_name=_("地区")
    )
    grade = models.CharField(_("包保等级"), max_length=1, choices=ResponsibilityGrade.choices, blank=True)
    unit = models.ForeignKey(
        Unit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="problems",
        db_index=False,
        verbose_name=_("责任单位"),
    )
    assist_units = models.CharField(_("配合单位"), max_length=200, blank=True)
    group = models.CharField(_("共性问题组"), max_length=20, blank=True, editable=False)
    leader_name = models.CharField(_("责任领导"), max_length=60, blank=True)
    owner_name = models.CharField(_("责任人"), max_length=60, blank=True)
    rule_item = models.CharField(_("对应评价要点"), max_length=40, blank=True)
    plan = models.TextField(_("整改措施"), blank=True)
    progress = models.TextField(_("整改情况"), blank=True)
    found_on = models.DateField(_("发现日期"))
    original_due_on = models.DateField(_("原定期限"))
    due_on = models.DateField(_("现行期限"))
    due_provisional = models.BooleanField(_("期限暂定"), default=False)
    due_rule = models.CharField(_("期限依据"), max_length=200, blank=True)
    state = models.CharField(
        _("状态"), max_length=14, choices=ProblemState.choices, default=ProblemState.TO_SIGN
    )
    fixed_on_spot = models.BooleanField(_("当场整改"), default=False)
    rectified_on = models.DateField(_("整改完成日期"), null=True, blank=True)
    submitted_by = person(_("提交人"))
    first_checked_by = person(_("初审人"))
    closed_by = person(_("复核人"))
    closed_on = models.DateField(_("销号日期"), null=True, blank=True)
    reopen_count = models.PositiveSmallIntegerField(_("反弹次数"), default=0)
    extension_count = models.PositiveSmallIntegerField(_("延期次数"), default=0)
    return_count = models.PositiveSmallIntegerField(_("退回次数"), default=0)
    entry_source = models.CharField(max_length=8, choices=Source.choices, default=Source.PAGE, editable=False)
    batch_id = models.BigIntegerField(_("批次"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(_("版本"), default=1, editable=False)
    recorded_by = person(_("登记人"))
    recorded_at = models.DateTimeField(_("登记时间"), editable=False)
    voided_at = models.DateTimeField(_("作废时间"), null=True, blank=True, editable=False)
    void_reason = models.CharField(_("作废原因"), max_length=200, blank=True)

    objects = ProblemQuerySet.as_manager()

    class Meta:
        verbose_name = _("问题")
        verbose_name_plural = _("问题")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_by__isnull=True)
                | Q(submitted_by__isnull=True)
                | ~Q(closed_by=F("submitted_by")),
                name="problem_closed_by_another_person",
                violation_error_message=_("提交整改的人不能复核销号。"),
            ),
            models.CheckConstraint(
                condition=Q(first_checked_by__isnull=True)
                | Q(submitted_by__isnull=True)
                | ~Q(first_checked_by=F("submitted_by")),
                name="problem_first_checked_by_another_person",
                violation_error_message=_("提交整改的人不能审核自己的整改。"),
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(closed_on__isnull=False, rectified_on__isnull=False),
                name="problem_closed_with_its_dates",
            ),
            models.CheckConstraint(
                condition=Q(due_on__gte=F("original_due_on")), name="problem_due_not_before_original"
            ),
        ]
        indexes = [
            models.Index(
                fields=["unit", "grade", "due_on", "region"],
                name="problem_open_by_unit",
                condition=Q(closed_on__isnull=True, voided_at__isnull=True),
            ),
            models.Index(
                fields=["region", "due_on"],
                name="problem_open_by_region",
                condition=Q(closed_on__isnull=True, voided_at__isnull=True),
            ),
            models.Index(fields=["region", "found_on"], name="problem_by_region"),
            models.Index(
                fields=["due_on", "id"],
                name="problem_open_by_due_day",
                condition=Q(closed_on__isnull=True, voided_at__isnull=True),
            ),
            models.Index(
                fields=["state", "due_on"],
                name="problem_open_by_state",
                condition=Q(closed_on__isnull=True, voided_at__isnull=True),
            ),
            models.Index(fields=["unit", "id"], name="problem_by_unit"),
            models.Index(fields=["group"], name="problem_of_group", condition=~Q(group="")),
        ]

    def __str__(self) -> str:
        return self.code


class ProblemEvent(models.Model):
    """One step of a problem's way; append-only. Proof hangs on it as evidence files."""

    problem = models.ForeignKey(Problem, models.CASCADE, related_name="events", verbose_name=_("问题"))
    action = models.CharField(_("动作"), max_length=20)
    from_state = models.CharField(_("原状态"), max_length=14, choices=ProblemState.choices, blank=True)
    to_state = models.CharField(_("新状态"), max_length=14, choices=ProblemState.choices)
    on = models.DateField(_("日期"))
    note = models.TextField(_("说明"), blank=True)
    by = person(_("经办人"))
    by_name = models.CharField(_("经办人姓名"), max_length=60, blank=True)
    at = models.DateTimeField(_("时间"), editable=False)

    class Meta:
        verbose_name = _("问题经过")
        verbose_name_plural = _("问题经过")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.problem} {self.action}"


class Extension(models.Model):
    """A request for a later deadline, approved or not; the original deadline stays."""

    problem = models.ForeignKey(Problem, models.CASCADE, related_name="extensions", verbose_name=_("问题"))
    from_due_on = models.DateField(_("原期限"))
    to_due_on = models.DateField(_("申请延至"))
    reason = models.CharField(_("理由"), max_length=300)
    state = models.CharField(
        _("状态"), max_length=10, choices=ExtensionState.choices, default=ExtensionState.REQUESTED
    )
    requested_by = person(_("申请人"))
    requested_at = models.DateTimeField(_("申请时间"))
    decided_by = person(_("批准人"))
    decided_at = models.DateTimeField(_("批准时间"), null=True, blank=True)
    note = models.CharField(_("批准意见"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("延期申请")
        verbose_name_plural = _("延期申请")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["problem"], condition=Q(state="requested"), name="extension_one_waiting_per_problem"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="extension_decided_by_another_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.problem} → {self.to_due_on}"


class Referral(models.Model):
    """A problem handed to the market regulator, who files a case or not."""

    problem = models.ForeignKey(Problem, models.CASCADE, related_name="referrals", verbose_name=_("问题"))
    office = models.CharField(_("移交监管所"), max_length=100)
    referred_on = models.DateField(_("移交日期"))
    referred_by = person(_("移交人"))
    decided_on = models.DateField(_("决定日期"), null=True, blank=True)
    case_filed = models.BooleanField(_("是否立案"), null=True, blank=True)
    case_no = models.CharField(_("立案号"), max_length=60, blank=True)
    concluded_on = models.DateField(_("结案日期"), null=True, blank=True)
    result = models.TextField(_("处理结果"), blank=True)

    class Meta:
        verbose_name = _("移交")
        verbose_name_plural = _("移交")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.problem} {self.office}"


class Revisit(models.Model):
    """A check after closure (回头看); failing it re-opens the problem."""

    problem = models.ForeignKey(Problem, models.CASCADE, related_name="revisits", verbose_name=_("问题"))
    on = models.DateField(_("回访日期"))
    passed = models.BooleanField(_("是否合格"))
    note = models.TextField(_("说明"), blank=True)
    by = person(_("回访人"))
    at = models.DateTimeField(_("登记时间"), editable=False)

    class Meta:
        verbose_name = _("回头看")
        verbose_name_plural = _("回头看")
        ordering = ["-on", "-id"]

    def __str__(self) -> str:
        return f"{self.problem} {self.on}"
