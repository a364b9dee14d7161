"""What a business was known under before, and which businesses of the register are one and the same."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Region
from entities.choices import FormerWhy, PairState, Source
from entities.models.business import Business
from entities.querysets import BusinessMergerQuerySet, DuplicatePairQuerySet, FormerIdentityQuerySet


class FormerIdentity(models.Model):
    """A name, licence, credit code and premises under which a business stood in the register until ``valid_to``.

    A ledger that still uses them finds the business by it. ``match_key`` is the natural key they made; of a merged business
    the key it must not hold any more, because its survivor may come to have that licence.
    """

    business = models.ForeignKey(
        Business, models.CASCADE, related_name="former_identities", verbose_name=_("经营主体")
    )
    match_key = models.CharField(_("匹配键"), max_length=200, editable=False)
    name = models.CharField(_("企业名称"), max_length=150)
    credit_code = models.CharField(_("统一社会信用代码"), max_length=30, blank=True)
    licence_no = models.CharField(_("许可证号"), max_length=60, blank=True)
    premises_address = models.CharField(_("经营场所"), max_length=200)
    why = models.CharField(_("原因"), max_length=8, choices=FormerWhy.choices, default=FormerWhy.CHANGED)
    valid_to = models.DateField(_("使用至"))
    source = models.CharField(_("来源"), max_length=8, choices=Source.choices, default=Source.PAGE)
    batch_id = models.BigIntegerField(_("批次"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("登记时间"))

    objects = FormerIdentityQuerySet.as_manager()

    class Meta:
        verbose_name = _("曾用名称和号码")
        verbose_name_plural = _("曾用名称和号码")
        ordering = ["-valid_to", "-id"]
        indexes = [
            models.Index(fields=["match_key"], name="former_by_match_key"),
            models.Index(fields=["licence_no"], name="former_by_licence_no"),
            models.Index(fields=["credit_code"], name="former_by_credit_code"),
            models.Index(fields=["name"], name="former_by_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.valid_to}"


class BusinessMerger(models.Model):
    """From ``merged_on`` on ``business`` is no business of its own: what is known of it counts for ``survivor``.

    ``bonds`` names what the merger did to assignments, so that it can be taken back: ``ended`` of the merged business and
    ``carried`` over to the survivor, by key. ``filled`` is what the survivor took over into blank fields, ready for JSON. A
    merger that was taken back stays as history.
    """

    business = models.ForeignKey(
        Business, models.PROTECT, related_name="mergers", verbose_name=_("被并入的主体")
    )
    survivor = models.ForeignKey(
        Business, models.PROTECT, related_name="absorptions", verbose_name=_("保留的主体")
    )
    merged_on = models.DateField(_("合并日期"))
    note = models.CharField(_("说明"), max_length=300, blank=True)
    bonds = models.JSONField(_("包保关系"), default=dict, blank=True)
    filled = models.JSONField(_("补上的内容"), default=dict, blank=True)
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("合并人")
    )
    merged_at = models.DateTimeField(_("合并时间"))
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("撤销人"),
    )
    undone_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)

    objects = BusinessMergerQuerySet.as_manager()

    class Meta:
        verbose_name = _("主体合并")
        verbose_name_plural = _("主体合并")
        ordering = ["-merged_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["business"],
                condition=Q(undone_at__isnull=True),
                name="merger_one_standing_per_business",
            ),
            models.CheckConstraint(condition=~Q(business=F("survivor")), name="merger_of_two_businesses"),
        ]

    def __str__(self) -> str:
        return f"{self.business} → {self.survivor}"


class DuplicatePair(models.Model):
    """Two businesses of one township whose names and addresses are alike; a person says whether they are one.

    ``first`` is the one with the smaller key. ``likeness`` in percent, as it was when the pair was found. ``region`` is the
    township. A decision stands until it is taken back: no file and no search offers the pair again.
    """

    first = models.ForeignKey(Business, models.CASCADE, related_name="+", verbose_name=_("主体一"))
    second = models.ForeignKey(Business, models.CASCADE, related_name="+", verbose_name=_("主体二"))
    region = models.ForeignKey(
        Region, models.PROTECT, related_name="+", db_index=False, verbose_name=_("所在地区")
    )
    likeness = models.PositiveSmallIntegerField(_("相似度(%)"))
    state = models.CharField(_("核对"), max_length=8, choices=PairState.choices, default=PairState.WAITING)
    batch_id = models.BigIntegerField(_("批次"), null=True, blank=True)
    found_at = models.DateTimeField(_("发现时间"))
    merger = models.ForeignKey(
        BusinessMerger,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="pairs",
        verbose_name=_("主体合并"),
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("核对人"),
    )
    decided_at = models.DateTimeField(_("核对时间"), null=True, blank=True)
    note = models.CharField(_("说明"), max_length=300, blank=True)
    version = models.PositiveIntegerField(_("版本"), default=1, editable=False)

    objects = DuplicatePairQuerySet.as_manager()

    class Meta:
        verbose_name = _("疑似重复主体")
        verbose_name_plural = _("疑似重复主体")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="duplicate_pair_once"),
            models.CheckConstraint(
                condition=Q(first__lt=F("second")), name="duplicate_pair_smaller_key_first"
            ),
            models.CheckConstraint(
                condition=Q(state=PairState.WAITING, decided_at__isnull=True)
                | (~Q(state=PairState.WAITING) & Q(decided_at__isnull=False)),
                name="duplicate_pair_decided_at_and_state_together",
            ),
        ]
        indexes = [models.Index(fields=["region", "state"], name="duplicate_pair_by_region_state")]

    def __str__(self) -> str:
        return f"{self.first} / {self.second}"
