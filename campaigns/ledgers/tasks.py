"""The ledger of tasks: the office lays down what is to be done by whom and when, the units tell their week.

Who may change what (designed here, from the rights table): the campaign office enters tasks and betters their words, bodies and
days; a unit's liaison changes none of them and hands in the week's progress for the tasks its unit leads or helps with. Claiming,
asking for completion and deciding need a person on the page: a finished task is left alone, a claimed one keeps its lead unit,
and no cell moves a state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.rules.rights import Permission
from campaigns.choices import TaskReportState, TaskState
from campaigns.ledgers.common import NO_CAMPAIGN, Bodies, campaign_of, listed, lock_campaign, unit_names
from campaigns.ledgers.task_columns import COLUMNS, STATES
from campaigns.ledgers.task_words import differs, rewrite, stored
from campaigns.ledgers.undo_tasks import undo_tasks
from campaigns.models import Campaign, Phase, TaskItem, TaskReport, TaskSupport
from campaigns.rules.responsibility import own_body
from campaigns.rules.targets import TargetUnclear, kept, read_targets, written
from foodsafe_portal.lib.weeks import Week
from records.choices import RowVerb
from records.ledgers import LedgerContext, LedgerKind, Plan, RegisterChanged, Rows, UndoResult, register
from records.models import LedgerBatch, LedgerRow
from records.services.kept import ready
from records.services.written import last_written

LARGEST_NUMBER = 32_767
# Cells that say what is to be done; only the office changes them.
WORDS = ("system", "title", "lead_unit", "supports", "phase", "starts_on", "due_on", "targets")
_READ = ("number", *WORDS, "progress", "state", "done_on")


@dataclass(slots=True)
class Intents:
    """Everything one ledger is going to write."""

    campaign: Campaign | None = None
    created: list[dict[str, Any]] = field(default_factory=list)
    updated: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    helpers: dict[int, list[int]] = field(default_factory=dict)
    reports: list[tuple[int, int, str]] = field(default_factory=list)
    week: str = ""


@register
class TasksKind(LedgerKind):
    """任务清单."""

    key = "tasks"
    title = _("任务清单")
    columns = COLUMNS
    match_note = "按任务编号对应，没有编号的按任务名称对应；成员单位只填本周进展，任务内容由创建办导入"
    example = {
        "number": "1", "system": "社会共治体系", "title": "开展食品安全科普宣传", "lead_unit": "市委宣传部",
        "supports": "市教育局、各县(市、区)政府", "phase": "全面推进", "starts_on": "2026-09-01", "due_on": "2026-12-31",
        "targets": "科普宣传社区覆盖率≥60%", "progress": "本周开展进社区宣传 12 场",
    }  # fmt: skip

    def check(self, rows: Rows, context: LedgerContext) -> None:
        """Numbers, days and targets that no register needs to be asked about."""
        for index, (number, start, due, targets) in enumerate(
            rows.tuples(("number", "starts_on", "due_on", "targets"))
        ):
            if number is not None and not 1 <= number <= LARGEST_NUMBER:
                rows.error(
                    index, "number", "out_of_range", f"任务编号应在 1 到 {LARGEST_NUMBER} 之间；请改正"
                )
            if start and due and due < start:
                rows.error(index, "due_on", "wrong_order", f"完成期限早于开始日期 {start}；请改其中一个")
            if targets:
                try:
                    read_targets(targets)
                except TargetUnclear as unclear:
                    rows.error(index, "targets", "target_unclear", str(unclear))

    def identity(self, rows: Rows) -> list[str]:
        """The number, else the name."""
        return [
            str(number) if number is not None else (title or "")[:200]
            for number, title in rows.tuples(("number", "title"))
        ]

    def plan(self, rows: Rows, context: LedgerContext) -> Plan:
        """See ``LedgerKind.plan``."""
        plan = Plan(len(rows))
        campaign = campaign_of(context.territory)
        if campaign is None:
            for index in rows.live():
                rows.error(index, "", "no_campaign", NO_CAMPAIGN)
            plan.data = Intents()
        else:
            plan.data = _Planner(rows, plan, context, campaign).intents()
        return plan

    def lock(self, context: LedgerContext) -> None:
        """One writer at a time in the campaign's plan."""
        campaign = lock_campaign(context.territory)
        if campaign is not None:
            list(TaskItem.objects.select_for_update(of=("self",)).filter(campaign=campaign).values_list("pk"))

    def apply(self, plan: Plan, rows: Rows, context: LedgerContext) -> None:
        """See ``LedgerKind.apply``."""
        intents: Intents = plan.data
        try:
            _create(intents)
            rewrite(intents.updated, intents.helpers)
            TaskReport.objects.bulk_create(
                TaskReport(
                    task_id=task,
                    unit_id=unit,
                    week=intents.week,
                    progress=progress,
                    submitted_by=context.user,
                    submitted_at=context.now,
                )
                for task, unit, progress in intents.reports
            )
        except IntegrityError as clash:
            raise RegisterChanged(str(clash)) from clash
        told = [task for task, _unit, _progress in intents.reports]
        TaskItem.objects.filter(pk__in=told).exclude(state=TaskState.DONE).update(state=TaskState.REPORTED)

    def undo(self, staged: list[LedgerRow], batch: LedgerBatch, context: LedgerContext) -> UndoResult:
        """Take out tasks and reports nobody has gone on with, put bettered words back."""
        return undo_tasks(staged, batch)

    def last_written(self, territory: str) -> datetime | None:
        """See ``LedgerKind.last_written``: each week begins anew, because the progress in a file is that of the week it is sent in."""
        nouns = ("task", "phase", "campaign", "unit", "region")
        written_on = last_written(nouns=nouns, kinds=(self.key, "units", "regions"))
        return max(written_on, Week.of(timezone.localdate()).previous().as_of) if written_on else None

    def export_queryset(self, user: Any) -> QuerySet:
        """See ``LedgerKind.export_queryset``."""
        return TaskItem.objects.visible_to(user).order_by("campaign", "number")

    def export_rows(self, queryset: QuerySet) -> Iterator[Sequence[Any]]:
        """See ``LedgerKind.export_rows``; progress belongs to its week and stays out."""
        tasks = queryset.select_related("lead_unit", "phase").prefetch_related("supports__unit")
        for number, task in enumerate(tasks.iterator(chunk_size=500), 1):
            yield [
                number, task.number, task.system, task.title, task.lead_unit.name,
                "、".join(support.unit.name for support in task.supports.all()), task.phase.name if task.phase else "",
                task.starts_on, task.due_on, written(task.targets), "", STATES[task.state], task.done_on,
            ]  # fmt: skip


def _create(intents: Intents) -> None:
    """Insert new tasks with their cooperating units, whatever their number, in two statements."""
    helpers = [values.pop("supports") for values in intents.created]
    tasks = TaskItem.objects.bulk_create(
        TaskItem(campaign=intents.campaign, **values) for values in intents.created
    )
    TaskSupport.objects.bulk_create(
        TaskSupport(task=task, unit_id=unit)
        for task, units in zip(tasks, helpers, strict=True)
        for unit in units
    )


# --- what each row would do ---------------------------------------------------------------------------


class _Planner:
    """Goes through the rows once and gathers what is to be written."""

    def __init__(self, rows: Rows, plan: Plan, context: LedgerContext, campaign: Campaign) -> None:
        self.rows, self.plan, self.context, self.campaign = rows, plan, context, campaign
        user = context.user
        in_reach = campaign.region_id.startswith(context.territory)
        self.may_plan = user.can(Permission.MANAGE_CAMPAIGN) and in_reach
        self.may_report = user.can(Permission.REPORT_TASK)
        self.paths = tuple(post.unit.path for post in user.posts_today if post.unit)
        self.bodies = Bodies(campaign.region_id)
        self.phases: dict[str, Phase] = {phase.name: phase for phase in campaign.phases.all()}
        tasks = TaskItem.objects.filter(campaign=campaign).select_related("lead_unit", "phase")
        self.tasks = {task.number: task for task in tasks.prefetch_related("supports__unit")}
        self.by_title: dict[str, list[TaskItem]] = defaultdict(list)
        for task in self.tasks.values():
            self.by_title[task.title].append(task)
        self.week = str(Week.of(context.ledger_date))
        self.reported = {
            (task, unit): progress
            for task, unit, progress in TaskReport.objects.filter(task__campaign=campaign, week=self.week)
            .exclude(state__in=(TaskReportState.RETURNED, TaskReportState.SUPERSEDED))
            .values_list("task_id", "unit_id", "progress")
        }
        self.result = Intents(campaign=campaign, week=self.week)
        numbers = [number for number in rows.column("number") if number is not None]
        self.last_number = max([*self.tasks, *numbers], default=0)

    def intents(self) -> Intents:
        """Fill the plan's columns and return what is to be written."""
        taken: dict[int, int] = {}
        cells_of = [dict(zip(_READ, values, strict=True)) for values in self.rows.tuples(_READ)]
        for index in self.rows.live():
            cells = cells_of[index]
            task, known = self._task(index, cells)
            if not known:
                continue
            if task is None:
                self._new(index, cells)
            elif task.pk in taken:
                first = self.rows.numbers[taken[task.pk]]
                self.rows.error(index, "title", "same_target", f"与第 {first} 行是同一项任务；请只保留一行")
            else:
                taken[task.pk] = index
                self._known(index, cells, task)
        return self.result

    def _task(self, index: int, cells: Mapping[str, Any]) -> tuple[TaskItem | None, bool]:
        """The task of a row, and whether there is no doubt about it."""
        if cells["number"] is not None:
            return self.tasks.get(cells["number"]), True
        found = self.by_title.get(cells["title"], [])
        if len(found) > 1:
            numbers = "、".join(str(task.number) for task in found)
            said = f"有 {len(found)} 项任务叫这个名称（编号 {numbers}）；请填任务编号"
            self.rows.error(index, "title", "task_ambiguous", said)
            return None, False
        return (found[0] if found else None), True

    # --- a new task --------------------------------------------------------------------------------

    def _new(self, index: int, cells: Mapping[str, Any]) -> None:
        if not self.may_plan:
            said = "任务清单中没有这项任务；请核对编号和名称，新任务由创建办导入"
            self.rows.error(index, "title", "task_unknown", said)
            return
        for key, word in (("lead_unit", "牵头单位"), ("due_on", "完成期限")):
            if cells[key] is None:
                self.rows.error(index, key, "required", f"新任务要有{word}；请填写")
        values = self._understood(index, cells)
        values.setdefault("starts_on", self.campaign.started_on)
        if index in self.rows.rejected or not self._in_order(index, values["starts_on"], values["due_on"]):
            return
        if cells["number"] is None:
            self.last_number += 1
        values["number"] = number = cells["number"] if cells["number"] is not None else self.last_number
        values = {"supports": [], "targets": [], "system": "", "phase_id": None} | values
        self._page_only(index, cells, None)
        self.plan.verbs[index] = RowVerb.CREATED
        self.plan.befores[index] = {"_campaign": self.campaign.pk, "_number": number, "_new": ready(values)}
        self.result.created.append(values)
        if cells["progress"]:
            said = "新任务还没有单位认领，进展没有登记；请在认领后填报"
            self.rows.note(index, "progress", "step_on_page", said)

    # --- a task that is there ----------------------------------------------------------------------

    def _known(self, index: int, cells: Mapping[str, Any], task: TaskItem) -> None:
        bodies = [(task.lead_unit_id, task.lead_unit.path)]
        bodies += [(support.unit_id, support.unit.path) for support in task.supports.all()]
        own = own_body(bodies, self.paths) if self.may_report else None
        if not self.may_plan and own is None:
            said = f"这项任务由“{task.lead_unit.name}”牵头，不是本单位牵头或配合的；请删去这一行"
            self.rows.error(index, "title", "other_unit", said)
            return
        self.plan.targets[index], self.plan.verbs[index] = task.pk, RowVerb.UNCHANGED
        before: dict[str, Any] = {}
        changes = self._changes(index, cells, task)
        if index in self.rows.rejected:
            return
        if changes and task.state == TaskState.DONE:
            said = f"已于 {task.done_on} 办结，台账中不同的内容不改登记"
            self.rows.note(index, "title", "done_kept", said)
        elif changes and not self.may_plan:
            named = "、".join(self.column(key) for key in _keys(changes))
            self.rows.note(index, "title", "owned_by_office", f"{named}与登记不同，由创建办维护，没有改")
        elif changes:
            before |= self._better(task, changes)
        if cells["progress"]:
            before |= self._report(index, cells["progress"], task, own)
        if index in self.rows.rejected:
            return
        self._page_only(index, cells, task)
        if before:
            self.plan.verbs[index], self.plan.befores[index] = RowVerb.UPDATED, before

    def _changes(self, index: int, cells: Mapping[str, Any], task: TaskItem) -> dict[str, Any]:
        """What the file says otherwise than the register, by attribute; a blank cell says nothing."""
        values = self._understood(index, cells, task)
        if index in self.rows.rejected:
            return {}
        claimed = task.state not in (TaskState.OPEN, TaskState.DONE)
        if claimed and values.get("lead_unit_id", task.lead_unit_id) != task.lead_unit_id:
            values.pop("lead_unit_id")
            if self.may_plan:
                said = (
                    f"已由“{task.lead_unit.name}”认领，牵头单位不改；要改派请先与该单位商定，在管理后台修改"
                )
                self.rows.note(index, "lead_unit", "claimed_kept", said)
        known = stored(task)
        changes = {name: value for name, value in values.items() if differs(name, value, known[name])}
        lead = changes.get("lead_unit_id", task.lead_unit_id)
        supports = changes.get("supports", known["supports"])
        if changes and lead in supports:
            column = "supports" if "supports" in changes else "lead_unit"
            self._leads_already(index, column)
        start, due = values.get("starts_on", task.starts_on), values.get("due_on", task.due_on)
        if {"starts_on", "due_on"} & set(changes):
            self._in_order(index, start, due)
        return changes

    def _better(self, task: TaskItem, changes: dict[str, Any]) -> dict[str, Any]:
        known = stored(task)
        self.result.updated.append((task.pk, known | changes))
        if "supports" in changes:
            self.result.helpers[task.pk] = changes["supports"]
        shown = {key: _shown(key, known) for key in _keys(changes)}
        for key in {"lead_unit", "supports"} & set(shown):
            names = unit_names(known["supports"] if key == "supports" else [known["lead_unit_id"]])
            shown[key] = "、".join(names.values())
        if "phase" in shown:
            shown["phase"] = task.phase.name if task.phase else ""
        old = ready({name: known[name] for name in changes})
        return shown | {"_old": old, "_new": ready(changes)}

    def _report(self, index: int, progress: str, task: TaskItem, own: int | None) -> dict[str, Any]:
        """The week's progress as a report of the own unit."""
        if own is None:
            said = "进展由牵头或配合单位自己填报，没有登记"
            self.rows.note(index, "progress", "step_on_page", said)
        elif task.state == TaskState.DONE:
            self.rows.note(index, "progress", "done_kept", "这项任务已经办结，不用再报进展")
        elif (task.pk, own) in self.reported:
            if self.reported[task.pk, own].strip() != progress.strip():
                said = f"本单位这一周（{self.week}）已经报过，没有改；退回后可以再报"
                self.rows.note(index, "progress", "reported_already", said)
        elif task.state == TaskState.OPEN:
            said = "这项任务还没有认领；请牵头单位先在任务页面认领，再填报进展"
            self.rows.error(index, "progress", "task_unclaimed", said)
        else:
            self.result.reports.append((task.pk, own, progress.strip()))
            return {"progress": "", "_report": {"unit": own, "week": self.week, "state": task.state}}
        return {}

    def _page_only(self, index: int, cells: Mapping[str, Any], task: TaskItem | None) -> None:
        """State and completion that differ are told, not taken."""
        state = task.state if task else TaskState.OPEN
        if cells["state"] and cells["state"] != state:
            said = "认领、申请办结和审核要在任务页面办理，没有改状态"
            self.rows.note(index, "state", "step_on_page", said)

    # --- what the cells mean -----------------------------------------------------------------------

    def _understood(
        self, index: int, cells: Mapping[str, Any], task: TaskItem | None = None
    ) -> dict[str, Any]:
        """The filled cells as attributes of a task."""
        values: dict[str, Any] = {
            key: cells[key] for key in ("system", "title", "starts_on", "due_on") if cells[key] is not None
        }
        if cells["targets"] is not None:
            values["targets"] = kept(read_targets(cells["targets"]), task.targets if task else [])
        if cells["phase"] is not None:
            phase = self.phases.get(cells["phase"])
            if phase is None:
                known = "、".join(self.phases) or "无"
                said = f"本创建没有“{cells['phase']}”这个阶段；已登记的阶段：{known}"
                self.rows.error(index, "phase", "phase_unknown", said)
            else:
                values["phase_id"] = phase.pk
        if cells["lead_unit"] is not None:
            found = self._units(index, "lead_unit", cells["lead_unit"], several=False)
            if found:
                values["lead_unit_id"] = found[0]
        if cells["supports"] is not None:
            units: dict[int, None] = {}
            for name in listed(cells["supports"]):
                units |= dict.fromkeys(self._units(index, "supports", name, several=True))
            values["supports"] = list(units)
            if task is None and values.get("lead_unit_id") in units:
                self._leads_already(index, "supports")
        return values

    def _units(self, index: int, key: str, name: str, *, several: bool) -> list[int]:
        if several and (everywhere := self.bodies.of_every_county(name)):
            return everywhere
        unit = self.bodies.meant(self.rows, index, key, name)
        return [] if unit is None else [unit]

    def _leads_already(self, index: int, key: str) -> None:
        said = "牵头单位同时列为配合单位；请从配合单位中删去"
        self.rows.error(index, key, "lead_in_supports", said)

    def _in_order(self, index: int, start: date, due: date) -> bool:
        if due < start:
            said = f"完成期限 {due} 早于开始日期 {start}；请改其中一个"
            self.rows.error(index, "due_on", "wrong_order", said)
        return due >= start

    def column(self, key: str) -> str:
        """The header of a column as people know it."""
        return next(column.header for column in COLUMNS if column.key == key)


_KEY_OF = {"lead_unit_id": "lead_unit", "phase_id": "phase"}


def _keys(names: Mapping[str, Any]) -> list[str]:
    """Attributes of a task as keys of columns."""
    return [_KEY_OF.get(name, name) for name in names]


def _shown(key: str, known: Mapping[str, Any]) -> str:
    """An old value for the preview; units and phases are named by the caller."""
    if key == "targets":
        return written(known["targets"])
    return "" if key in ("lead_unit", "supports", "phase") else str(known[key])
