"""The ledger of accounts: each row a person with one post; new people get a one-time password on a printed slip."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from accounts import slips
from accounts.choices import RoleName
from accounts.ledgers.named import find_regions
from accounts.models import Post, Unit, User
from accounts.rules.posts import NEEDS_REGION
from accounts.rules.rights import EXCLUSIVE_ROLES, Role
from foodsafe_portal.lib.bulk import among
from foodsafe_portal.lib.identifiers import territory_upper
from foodsafe_portal.lib.ledger import Column
from foodsafe_portal.lib.typography import plain
from records.choices import RowVerb
from records.ledgers import LedgerContext, LedgerKind, Plan, RegisterChanged, Rows, UndoResult, register
from records.models import LedgerBatch, LedgerRow

with override(None):
    ROLES = {role.value: str(role.label) for role in RoleName}

COLUMNS = (
    Column("seq", "序号", "int", width=6),
    Column("username", "用户名", "ref", required=True, aliases=("账号", "登录名"), width=18, max_length=60),
    Column("name", "姓名", "person", required=True, width=12, max_length=60),
    Column("mobile", "手机号", "phone", aliases=("联系电话", "电话"), width=14, max_length=20),
    Column("role", "角色", "enum", required=True, aliases=("岗位",), choices=ROLES, width=16),
    Column("unit", "单位", aliases=("工作单位", "所在单位"), width=26, max_length=100, note="单位台账中的名称"),
    Column("region", "辖区", "ref", aliases=("辖区(代码或名称)", "辖区代码", "地区"), width=18, note="区划代码或名称，例如 990102 或 南湖区"),
    Column("title", "职务", width=18, max_length=60),
    Column("valid_from", "起始日期", "date", aliases=("起始",), width=12, note="空着 = 当天"),
    Column("valid_to", "终止日期", "date", aliases=("终止",), width=12),
)  # fmt: skip


@dataclass(slots=True)
class Account:
    """One person of the file with the rows that name them; ``changes`` is what they say otherwise than the register."""

    username: str
    name: str
    mobile: str
    rows: list[int]
    user: User | None = None
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewPost:
    """A post to be given."""

    account: Account
    role: str
    region_id: str | None
    unit_id: int | None
    title: str
    valid_from: date
    valid_to: date | None


@dataclass(slots=True)
class Intents:
    """Everything one ledger is going to write."""

    accounts: list[Account] = field(default_factory=list)
    posts: list[NewPost] = field(default_factory=list)


@register
class AccountsKind(LedgerKind):
    """账号台账."""

    key = "accounts"
    title = _("账号台账")
    columns = COLUMNS
    match_note = "账号按用户名对应；同一人有几个岗位就填几行；新账号的一次性口令在导入后打印"
    example = {
        "username": "zhangsan", "name": "张三", "mobile": "13800000000", "role": "乡镇联络员", "region": "人民街道",
        "title": "食安办干事", "valid_from": "2026-01-01",
    }  # fmt: skip

    def check(self, rows: Rows, context: LedgerContext) -> None:
        """Names, roles and dates that no register needs to be asked about."""
        validator = User._meta.get_field("username").validators[0]
        for index, (username, start, end) in enumerate(rows.tuples(("username", "valid_from", "valid_to"))):
            if username:
                try:
                    validator(username)
                except ValidationError:
                    rows.error(
                        index, "username", "username_form", "用户名只能用文字、数字和 @ . + - _；请改正"
                    )
            if start and end and end < start:
                rows.error(index, "valid_to", "wrong_order", "终止日期早于起始日期；请核对")

    def identity(self, rows: Rows) -> list[str]:
        """One post of one person."""
        asked = rows.tuples(("username", "role", "unit", "region"))
        return ["|".join(part or "" for part in row) if row[0] and row[1] else "" for row in asked]

    def plan(self, rows: Rows, context: LedgerContext) -> Plan:
        """See ``LedgerKind.plan``."""
        plan = Plan(len(rows))
        regions = find_regions(rows, context.territory)
        units = _find_units(rows, context.territory)
        for index, role in enumerate(rows.column("role")):
            if role in NEEDS_REGION and not regions[index] and index not in rows.rejected:
                rows.error(index, "region", "required", "这个角色要有辖区；请填写区划代码或名称")
            if role == Role.UNIT_LIAISON and not units[index] and index not in rows.rejected:
                rows.error(index, "unit", "required", "成员单位联络员要有单位；请填写单位名称")
        accounts = _find_accounts(rows)
        plan.data = _intents(rows, plan, accounts, regions, units, context)
        return plan

    def apply(self, plan: Plan, rows: Rows, context: LedgerContext) -> None:
        """See ``LedgerKind.apply``: hashes only are stored, the passwords wait sealed for their slips."""
        intents: Intents = plan.data
        roles: dict[str, str] = {}
        for post in intents.posts:
            roles.setdefault(post.account.username, ROLES[post.role])
        printed: list[slips.Slip] = []
        try:
            for account in intents.accounts:
                if account.user is None:
                    password = slips.one_time_password()
                    account.user = User.objects.create(
                        username=account.username,
                        name=account.name,
                        mobile=account.mobile or None,
                        password=make_password(password),
                        must_change_password=True,
                        created_at=context.now,
                    )
                    printed.append(
                        slips.Slip(account.username, account.name, roles.get(account.username, ""), password)
                    )
                elif account.changes:
                    User.objects.filter(pk=account.user.pk).update(**account.changes)
            Post.objects.bulk_create(
                Post(
                    user=post.account.user,
                    role=post.role,
                    region_id=post.region_id,
                    unit_id=post.unit_id,
                    title=post.title,
                    valid_from=post.valid_from,
                    valid_to=post.valid_to,
                )
                for post in intents.posts
            )
        except IntegrityError as clash:
            raise RegisterChanged(str(clash)) from clash
        if printed:
            transaction.on_commit(lambda: slips.keep(context.batch_id, context.user, printed))

    def undo(self, staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
        """Take back posts, names and the accounts nobody has used yet."""
        return _undo(staged, batch)

    def export_queryset(self, user: Any) -> QuerySet:
        """See ``LedgerKind.export_queryset``."""
        return Post.objects.visible_to(user).filter(user__is_active=True).order_by("user__username", "pk")

    def export_rows(self, queryset: QuerySet) -> Iterator[Sequence[Any]]:
        """See ``LedgerKind.export_rows``; passwords are never exported."""
        fields = (
            "user__username", "user__name", "user__mobile", "role", "unit__name", "region_id", "title", "valid_from", "valid_to",
        )  # fmt: skip
        for number, row in enumerate(queryset.values_list(*fields).iterator(chunk_size=2_000), 1):
            yield [number, *row[:3], ROLES.get(row[3], row[3]), *row[4:]]


# --- what the cells mean -----------------------------------------------------------------------------------


def _find_units(rows: Rows, territory: str) -> list[int | None]:
    found: list[int | None] = [None] * len(rows)
    column = rows.column("unit")
    if not any(column):
        return found
    by_name: dict[str, set[int]] = defaultdict(set)
    units = Unit.objects.filter(region_id__gte=territory, region_id__lt=territory_upper(territory))
    for pk, name, short in units.values_list("pk", "name", "short_name"):
        by_name[plain(name)].add(pk)
        if short:
            by_name[plain(short)].add(pk)
    unclear: dict[int, set[int]] = {}
    for index, said in enumerate(column):
        if not said:
            continue
        keys = by_name.get(plain(said), set())
        if len(keys) == 1:
            found[index] = next(iter(keys))
        elif keys:
            unclear[index] = keys
        else:
            rows.error(
                index, "unit", "unit_unknown", f"您的辖区内没有名为“{said}”的单位；请先建立单位或核对名称"
            )
    held = _units_held(rows, unclear) if unclear else {}
    for index, keys in unclear.items():
        theirs = keys & held.get((rows.column("username")[index], rows.column("role")[index]), set())
        if len(theirs) == 1:  # of several units with this name, the one they work for already
            found[index] = next(iter(theirs))
        else:
            said = f"有 {len(keys)} 个单位叫“{column[index]}”；请填全称"
            rows.error(index, "unit", "unit_ambiguous", said)
    return found


def _units_held(rows: Rows, indexes: Iterable[int]) -> dict[tuple[str, str], set[int]]:
    """(user name, role) → the units for which these people hold posts now."""
    names = {rows.column("username")[index] for index in indexes} - {None}
    held: dict[tuple[str, str], set[int]] = defaultdict(set)
    posts = Post.objects.filter(user__username__in=names, unit__isnull=False)
    for username, role, unit in posts.values_list("user__username", "role", "unit_id"):
        held[username, role].add(unit)
    return held


def _find_accounts(rows: Rows) -> dict[int, Account]:
    """Row → person. Rows of one person that contradict each other, or a mobile number of somebody else, are refused."""
    people: dict[str, Account] = {}
    found: dict[int, Account] = {}
    for index in rows.live():
        username, name, mobile = (rows.column(key)[index] for key in ("username", "name", "mobile"))
        account = people.setdefault(username, Account(username, name, mobile or "", []))
        account.rows.append(index)
        account.mobile = account.mobile or mobile or ""
        found[index] = account
    for account in people.values():
        told = {(rows.column("name")[i], rows.column("mobile")[i] or account.mobile) for i in account.rows}
        if len(told) > 1:
            rows.refuse_group(
                account.rows, "person_differs", "是同一个用户名，但姓名或手机号不一致；请统一后再导入"
            )
    for user in among(User.objects.all(), "username", list(people)):
        account = people[user.username]
        account.user = user
        wanted = {"name": account.name, "mobile": account.mobile}
        account.changes = {
            key: said for key, said in wanted.items() if said and said != (getattr(user, key) or "")
        }
    _refuse_taken_mobiles(rows, people)
    return found


def _refuse_taken_mobiles(rows: Rows, people: Mapping[str, Account]) -> None:
    numbers: dict[str, list[Account]] = defaultdict(list)
    for account in people.values():
        if account.mobile:
            numbers[account.mobile].append(account)
    owners = dict(among(User.objects.all(), "mobile", list(numbers)).values_list("mobile", "username"))
    for number, accounts in numbers.items():
        for account in accounts:
            if len(accounts) > 1 or owners.get(number, account.username) != account.username:
                for index in account.rows:
                    rows.error(
                        index,
                        "mobile",
                        "mobile_taken",
                        "这个手机号已属于另一个账号；请核对，一个号码只能用于一个账号",
                    )


# --- what each row would do --------------------------------------------------------------------------------------


def _intents(
    rows: Rows,
    plan: Plan,
    accounts: Mapping[int, Account],
    regions: Sequence[str | None],
    units: Sequence[int | None],
    context: LedgerContext,
) -> Intents:
    result = Intents()
    known = [account.user.pk for account in accounts.values() if account.user]
    standing, ended = _posts_held(known, context.today)
    exclusive = {user for user, role, *_place in standing if role in EXCLUSIVE_ROLES}
    posts = _posts_told(rows, accounts, regions, units)
    held = {index for index, post in posts.items() if post[:4] in standing or post in ended}
    _refuse_forbidden(rows, accounts, held, exclusive, context)
    met: set[str] = set()
    for index in rows.live():
        account, role = accounts[index], rows.column("role")[index]
        before: dict[str, Any] = {}
        verb = RowVerb.UNCHANGED
        plan.targets[index] = account.user.pk if account.user else None
        if account.username not in met:
            met.add(account.username)
            if account.user is None:
                verb = RowVerb.CREATED
            elif account.changes:
                verb = RowVerb.UPDATED
                before |= {key: getattr(account.user, key) or "" for key in account.changes}
            if verb != RowVerb.UNCHANGED:
                result.accounts.append(account)
        if index not in held:
            before |= {"_region": regions[index], "_unit": units[index]}
            if verb == RowVerb.UNCHANGED:
                verb = RowVerb.CREATED
            start, end, title = (rows.column(key)[index] for key in ("valid_from", "valid_to", "title"))
            result.posts.append(
                NewPost(account, role, regions[index], units[index], title or "", start or context.today, end)
            )
        plan.verbs[index], plan.befores[index] = verb, before or None
    return result


def _posts_held(people: Sequence[int], today: date) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]:
    """The posts of people that have not ended: person, role, region, unit; and those that have, with their last day."""
    standing: set[tuple[Any, ...]] = set()
    ended: set[tuple[Any, ...]] = set()
    fields = ("user_id", "role", "region_id", "unit_id", "valid_to")
    for post in among(Post.objects.all(), "user_id", people).values_list(*fields):
        last = post[-1]
        if last is None or last >= today:
            standing.add(post[:-1])
        else:
            ended.add(post)
    return standing, ended


def _posts_told(
    rows: Rows,
    accounts: Mapping[int, Account],
    regions: Sequence[str | None],
    units: Sequence[int | None],
) -> dict[int, tuple[int, str, str | None, int | None, date | None]]:
    """Row → the post it tells of: person (0 = a new one), role, region, unit, last day."""
    roles, ends = rows.column("role"), rows.column("valid_to")
    told = {}
    for index in rows.live():
        user = accounts[index].user
        told[index] = (user.pk if user else 0, roles[index], regions[index], units[index], ends[index])
    return told


def _refuse_forbidden(
    rows: Rows,
    accounts: Mapping[int, Account],
    held: Collection[int],
    exclusive: Collection[int],
    context: LedgerContext,
) -> None:
    """Posts that no ledger gives; a row that only repeats what is there (``held``) gives nothing."""
    roles = rows.column("role")
    for index in rows.live():
        account, role = accounts[index], roles[index]
        if index in held and not account.changes:
            continue
        if role in EXCLUSIVE_ROLES:
            said = f"“{ROLES[role]}”不能由台账授予；请由安全管理员在页面上单独授予"
            rows.error(index, "role", "role_not_allowed", said)
        if account.username == context.user.username:
            rows.error(index, "username", "own_account", "不能用台账给自己授予岗位；请由他人办理")
        elif account.user and account.user.pk in exclusive:
            said = "此人是系统、安全或审计管理员，不能兼任其他岗位；请换人或先终止原岗位"
            rows.error(index, "role", "exclusive_role", said)


def _given(user: User, row: LedgerRow, batch: LedgerBatch) -> QuerySet[Post]:
    """The post that a row of the batch gave, if it still stands as it was given; earlier ones of the same kind are history."""
    assert row.before and batch.confirmed_at is not None and batch.committed_at is not None
    days = (timezone.localdate(batch.confirmed_at), timezone.localdate(batch.committed_at))
    given = user.posts.filter(
        role=row.values["role"],
        region_id=row.before["_region"],
        unit_id=row.before["_unit"],
        valid_to=row.values.get("valid_to"),
    )
    if told := row.values.get("valid_from"):
        return given.filter(valid_from=told)
    return given.filter(valid_from__range=days)


def _undo(staged: list[LedgerRow], batch: LedgerBatch) -> UndoResult:
    result = UndoResult()
    users = {
        user.username: user
        for user in among(User.objects.all(), "username", [r.values["username"] for r in staged])
    }
    for row in staged:
        user, before = users.get(row.values["username"]), row.before or {}
        if user is None:
            continue
        if "_region" in before:
            taken = _given(user, row, batch).delete()[0]
            result.removed += taken
            if not taken:
                result.conflict(row, user.username, "岗位在导入之后又被修改或终止，没有删除")
        names = {key: value for key, value in before.items() if key in ("name", "mobile")}
        if names and all((getattr(user, key) or "") == row.values.get(key, "") for key in names):
            result.restored += User.objects.filter(pk=user.pk).update(
                **{k: v or None if k == "mobile" else v for k, v in names.items()}
            )
        elif names:
            result.conflict(row, user.username, "导入之后又被修改过，没有还原")
    _remove_unused(staged, batch, users, result)
    return result


def _remove_unused(
    staged: list[LedgerRow], batch: LedgerBatch, users: Mapping[str, User], result: UndoResult
) -> None:
    """Take out the accounts the batch made, unless somebody has used them."""
    assert batch.confirmed_at is not None and batch.committed_at is not None
    made = {
        row.values["username"]: row
        for row in reversed(staged)
        if row.target_id is None and row.values["username"] in users
    }
    new = [users[name] for name in made]
    held = set(
        among(Post.objects.all(), "user_id", [user.pk for user in new]).values_list("user_id", flat=True)
    )
    gone: list[int] = []
    for user in new:
        if not batch.confirmed_at <= user.created_at <= batch.committed_at:
            continue
        if user.last_login is not None or user.pk in held:
            said = "账号已经使用过或另有岗位，没有删除；如不再需要请停用"
            result.conflict(made[user.username], user.username, said)
        else:
            gone.append(user.pk)
    among(User.objects.all(), "id", gone).delete()
    result.removed += len(gone)
