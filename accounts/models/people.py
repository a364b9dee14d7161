"""People and their posts: a person is not an account's rights, a post is."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import Exists, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.choices import RoleName
from accounts.models.places import Region, RegionMerger, Unit
from accounts.querysets import PostQuerySet, UserQuerySet
from accounts.rules.rights import IMPORTS, LEDGERS_SHARED, PERMISSIONS, Lens, Permission, Role
from accounts.rules.scope import PostView, ancestors, grants
from foodsafe_portal.lib.mergers import presume_none
from foodsafe_portal.lib.scope import NO_ROWS, in_territory


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Makes accounts; rights come from posts alone."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        """An account with a hashed password and no post."""
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person who can log in with a user name or a mobile number; no e-mail is needed."""

    username = models.CharField(
        _("用户名"), max_length=60, unique=True, validators=[UnicodeUsernameValidator()]
    )
    mobile = models.CharField(_("手机号"), max_length=20, null=True, blank=True, unique=True)
    name = models.CharField(_("姓名"), max_length=60, blank=True)
    language = models.CharField(_("界面语言"), max_length=10, blank=True)
    must_change_password = models.BooleanField(_("首次登录须改密码"), default=False)
    is_active = models.BooleanField(_("启用"), default=True)
    created_at = models.DateTimeField(_("建立时间"), default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("账号")
        verbose_name_plural = _("账号")
        ordering = ["username"]

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        """The person's name."""
        return str(self)

    get_short_name = get_full_name

    @cached_property
    def posts_today(self) -> tuple[Post, ...]:
        """The posts held today, read once per request; the same statement tells whether any region was ever merged."""
        merged = Exists(Region.objects.filter(successor__isnull=False)) | Exists(RegionMerger.objects.all())
        posts = self.posts.held_on(timezone.localdate()).annotate(merged=merged)
        held = tuple(posts.select_related("region", "unit").order_by("pk"))
        if held and not held[0].merged:
            presume_none()
        return held

    @cached_property
    def roles(self) -> frozenset[Role]:
        """The roles held today."""
        return frozenset(Role(post.role) for post in self.posts_today) if self.is_active else frozenset()

    @cached_property
    def permissions(self) -> frozenset[Permission]:
        """The union of what today's roles may do."""
        return frozenset(permission for role in self.roles for permission in PERMISSIONS[role])

    @cached_property
    def import_kinds(self) -> frozenset[str]:
        """The ledger kinds this person may import."""
        return frozenset(kind for role in self.roles for kind in IMPORTS.get(role, ()))

    @cached_property
    def scope(self) -> PostScope:
        """What this person may see today."""
        views = tuple(
            PostView(Role(post.role), post.region_id or "", post.unit.path if post.unit else "")
            for post in self.posts_today
            if self.is_active
        )
        return PostScope(views)

    def can(self, permission: Permission) -> bool:
        """Whether one of today's roles may perform this act."""
        return permission in self.permissions

    def territory_for_import(self, kind: str) -> str:
        """The widest territory (region code) in which this person may import ``kind``; '' when there is none."""
        codes = [
            p.region_id for p in self.posts_today if kind in IMPORTS.get(Role(p.role), ()) and p.region_id
        ]
        return min(codes, key=len, default="")

    def unit_for_import(self, kind: str) -> str:
        """The path of the unit for which this person imports ``kind``; '' when the post names none."""
        posts = (p for p in self.posts_today if kind in IMPORTS.get(Role(p.role), ()) and p.unit)
        return next((str(p.unit.path) for p in posts if p.unit), "")

    def role_for_import(self, kind: str) -> str:
        """The role in which this person imports ``kind``; '' when they hold several that may, or none."""
        roles = {post.role for post in self.posts_today if kind in IMPORTS.get(Role(post.role), ())}
        return roles.pop() if len(roles) == 1 else ""

    @property
    def is_staff(self) -> bool:
        """Whether the Django admin opens for this person."""
        return self.can(Permission.USE_ADMIN)

    @property
    def is_superuser(self) -> bool:
        """Nobody stands above the rights table."""
        return False

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Django's own permissions are not used: admin classes ask the rights table."""
        return False

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        """See ``has_perm``."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        """The admin index asks this; each admin class then answers for itself."""
        return self.is_staff


class Post(models.Model):
    """(user, role, unit, territory, from, to): what a person may do is the union of today's posts."""

    user = models.ForeignKey(User, models.CASCADE, related_name="posts", verbose_name=_("账号"))
    role = models.CharField(_("角色"), max_length=20, choices=RoleName.choices)
    title = models.CharField(_("职务"), max_length=60, blank=True)
    unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="posts", verbose_name=_("单位")
    )
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="posts", verbose_name=_("辖区")
    )
    valid_from = models.DateField(_("起始"), default=timezone.localdate)
    valid_to = models.DateField(_("终止"), null=True, blank=True)

    objects = PostQuerySet.as_manager()

    class Meta:
        verbose_name = _("岗位")
        verbose_name_plural = _("岗位")
        ordering = ["user_id", "-valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                name="post_ends_after_it_begins",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "unit", "region"],
                condition=Q(valid_to__isnull=True),
                name="post_held_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class PostScope:
    """A person's scope: for each resource the union of what today's posts let them see."""

    __slots__ = ("posts",)

    def __init__(self, posts: tuple[PostView, ...]) -> None:
        self.posts = posts

    def rows(self, resource: str, *, territory: str | None, unit: str | None, owner: Q | None) -> Q | None:
        """The condition for rows of ``resource``; ``None`` stands for every row, no grant for none."""
        condition = Q()
        for grant in grants(self.posts, resource):
            # A table without territory that somebody may look up to (policies, calendars) is open to them whole.
            if grant.lens == Lens.EVERY or (grant.lens == Lens.AROUND and territory is None):
                return None
            part = None
            if grant.lens in {Lens.TERRITORY, Lens.BOTH, Lens.AROUND} and grant.region and territory:
                part = in_territory(grant.region, territory)
                if grant.lens == Lens.AROUND:
                    part |= Q(**{f"{territory}__in": ancestors(grant.region)})
            if grant.lens in {Lens.UNIT, Lens.BOTH} and grant.unit_path and unit:
                by_unit = Q(**{f"{unit}__startswith": grant.unit_path})
                part = by_unit if part is None else part | by_unit
            if grant.lens == Lens.OWN and owner is not None:
                part = owner
            if part is not None:
                condition |= part
        return condition if condition else NO_ROWS

    def from_colleagues(self, *, kind: str, role: str, territory: str, unit: str) -> Q:
        """The condition for ledgers of colleagues, which a role that sees its own alone may look at and decide on.

        The arguments name the columns for the kind of ledger and for the role, territory (region code) and unit (path) in which it
        was sent (``LEDGERS_SHARED``).
        """
        condition = NO_ROWS
        for post in self.posts:
            lens = LEDGERS_SHARED.get(post.role)
            if lens == Lens.UNIT and post.unit_path:
                here = Q(**{f"{unit}__startswith": post.unit_path})
            elif lens == Lens.TERRITORY and post.region:
                here = in_territory(post.region, territory)
            else:
                continue
            condition |= here & Q(**{role: post.role.value, f"{kind}__in": sorted(IMPORTS[post.role])})
        return condition

    def regions(self, resource: str) -> tuple[str, ...]:
        """The region codes in whose territory rows of ``resource`` are visible (for headings and filters)."""
        lenses = {Lens.TERRITORY, Lens.BOTH, Lens.EVERY}
        return tuple(g.region for g in grants(self.posts, resource) if g.lens in lenses and g.region)
