"""Regions and units: territory (块) and line of command (条)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.choices import RegionLevel, UnitKind
from accounts.querysets import RegionMergerQuerySet, RegionQuerySet, RegionTermQuerySet, UnitQuerySet


class Region(models.Model):
    """An administrative division; its code is its key and its path (GB/T 2260: 2/4/6 digits, then 3 + 3)."""

    code = models.CharField(_("区划代码"), max_length=12, primary_key=True)
    name = models.CharField(_("名称"), max_length=60)
    level = models.CharField(_("层级"), max_length=10, choices=RegionLevel.choices)
    residents = models.PositiveIntegerField(_("常住人口"), null=True, blank=True)
    successor = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="predecessors", verbose_name=_("并入")
    )
    opened_on = models.DateField(_("启用日期"), null=True, blank=True)
    closed_on = models.DateField(_("撤销日期"), null=True, blank=True)
    former_names = models.CharField(_("曾用名"), max_length=300, blank=True)

    objects = RegionQuerySet.as_manager()

    class Meta:
        verbose_name = _("行政区划")
        verbose_name_plural = _("行政区划")
        ordering = ["code"]
        indexes = [models.Index(fields=["level", "code"], name="region_by_level")]

    def __str__(self) -> str:
        return self.name


class RegionMerger(models.Model):
    """That a region went into another, from when on, and since when this was known: frozen weeks keep what they were told.

    ``Region.successor`` says what holds now; a correction withdraws a row here and writes another.
    """

    region = models.ForeignKey(Region, models.CASCADE, related_name="mergers", verbose_name=_("撤并地区"))
    successor = models.ForeignKey(Region, models.CASCADE, related_name="+", verbose_name=_("并入"))
    effective_on = models.DateField(_("撤销日期"))
    recorded_at = models.DateTimeField(_("登记时间"))
    withdrawn_at = models.DateTimeField(_("更正时间"), null=True, blank=True)

    objects = RegionMergerQuerySet.as_manager()

    class Meta:
        verbose_name = _("区划撤并")
        verbose_name_plural = _("区划撤并")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["region"], condition=Q(withdrawn_at__isnull=True), name="region_merged_once"
            ),
            models.CheckConstraint(
                condition=~Q(region=models.F("successor")), name="region_merged_into_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.region} → {self.successor}"


class RegionTerm(models.Model):
    """From when to when a region stood, and since when this was known: frozen weeks keep the places they listed.

    ``Region`` says what holds now; whatever changes it withdraws a row here and writes another. A region without a row has always
    been known as it is registered; a row without ``recorded_at`` is what was known before the first change.
    """

    region = models.ForeignKey(Region, models.CASCADE, related_name="terms", verbose_name=_("地区"))
    opened_on = models.DateField(_("启用日期"), null=True, blank=True)
    closed_on = models.DateField(_("撤销日期"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("登记时间"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("更正时间"), null=True, blank=True)

    objects = RegionTermQuerySet.as_manager()

    class Meta:
        verbose_name = _("区划存续")
        verbose_name_plural = _("区划存续")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["region"], condition=Q(withdrawn_at__isnull=True), name="region_term_known_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.region} {self.opened_on or ''}–{self.closed_on or ''}"


class Unit(models.Model):
    """A government body that owns tasks and problems; ``path`` holds the keys from the top, each with a slash."""

    name = models.CharField(_("单位名称"), max_length=100)
    short_name = models.CharField(_("简称"), max_length=40, blank=True)
    kind = models.CharField(_("类别"), max_length=12, choices=UnitKind.choices, default=UnitKind.BUREAU)
    region = models.ForeignKey(Region, models.PROTECT, related_name="units", verbose_name=_("所在地区"))
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级单位")
    )
    path = models.CharField(_("路径"), max_length=200, blank=True, db_index=True)
    is_member = models.BooleanField(_("成员单位"), default=False)

    objects = UnitQuerySet.as_manager()

    class Meta:
        verbose_name = _("单位")
        verbose_name_plural = _("单位")
        ordering = ["region_id", "name"]
        constraints = [models.UniqueConstraint(fields=["region", "name"], name="unit_name_unique_in_region")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep ``path`` true: the parent's path and the own key."""
        super().save(*args, **kwargs)  # type: ignore[arg-type]
        path = f"{self.parent.path if self.parent else ''}{self.pk}/"
        if path != self.path:
            self.path = path
            type(self).objects.filter(pk=self.pk).update(path=path)
