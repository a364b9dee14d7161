"""Stable codes of businesses and officers and their Chinese words; five letter scales are never mixed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ResponsibilityGrade(models.TextChoices):
    """包保等级: A is the biggest, looked after by the highest level. Not the risk grade."""

    A = "A", _("A 级(市级包保)")
    B = "B", _("B 级(县级包保)")
    C = "C", _("C 级(乡镇级包保)")
    D = "D", _("D 级(村级包保)")


class RiskGrade(models.TextChoices):
    """监管风险等级: A is the lowest risk, D the highest."""

    A = "A", _("A 级(风险最低)")
    B = "B", _("B 级")
    C = "C", _("C 级")
    D = "D", _("D 级(风险最高)")


class CreditGrade(models.TextChoices):
    """信用等级."""

    A = "A", _("A 级")
    B = "B", _("B 级")
    C = "C", _("C 级")
    D = "D", _("D 级")


class CateringGrade(models.TextChoices):
    """餐饮量化等级."""

    A = "A", _("A 级")
    B = "B", _("B 级")
    C = "C", _("C 级")


class BusinessType(models.TextChoices):
    """主体业态."""

    PRODUCTION = "production", _("食品生产")
    SALES = "sales", _("食品销售")
    CATERING = "catering", _("餐饮服务")
    CANTEEN = "canteen", _("单位食堂")
    WORKSHOP = "workshop", _("小作坊")
    SMALL_CATERING = "small_catering", _("小餐饮")
    SMALL_SHOP = "small_shop", _("小食杂店")
    STALL = "stall", _("摊贩")


class Scale(models.TextChoices):
    """规模."""

    LARGE = "large", _("大")
    MEDIUM = "medium", _("中")
    SMALL = "small", _("小")
    MICRO = "micro", _("微")


class BusinessStatus(models.TextChoices):
    """经营状态; only 正常 counts in a denominator."""

    NORMAL = "normal", _("正常")
    SUSPENDED = "suspended", _("停业")
    DORMANT = "dormant", _("停业未注销")
    NOT_FOUND = "not_found", _("查无")
    DEREGISTERED = "deregistered", _("注销")
    MOVED_OUT = "moved_out", _("迁出")


class OfficerLevel(models.TextChoices):
    """包保层级."""

    CITY = "city", _("市级")
    COUNTY = "county", _("县级")
    TOWNSHIP = "township", _("乡镇级")
    VILLAGE = "village", _("村级")


class ReviewState(models.TextChoices):
    """A proposed change waits for a second person."""

    PROPOSED = "proposed", _("待审核")
    APPROVED = "approved", _("已审核")
    REJECTED = "rejected", _("未通过")


class Source(models.TextChoices):
    """Where a row came from."""

    PAGE = "page", _("页面录入")
    LEDGER = "ledger", _("台账导入")
    ADMIN = "admin", _("后台")
    API = "api", _("接口")
    DEMO = "demo", _("演示数据")


class PairState(models.TextChoices):
    """Two businesses that look like one wait for a person, who merges them or keeps them apart."""

    WAITING = "waiting", _("待核对")
    MERGED = "merged", _("已合并")
    APART = "apart", _("不是同一家")


class FormerWhy(models.TextChoices):
    """How an identity came to be a former one."""

    CHANGED = "changed", _("登记变更")
    MERGED = "merged", _("并入其他主体")
