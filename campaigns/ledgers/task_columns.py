"""The columns of the ledger 任务清单, with the headers people use for them (designed here, no city's real header was found)."""

from __future__ import annotations

from django.utils.translation import override

from campaigns.choices import TaskState
from foodsafe_portal.lib.ledger import Column

with override(None):
    STATES = {state.value: str(state.label) for state in TaskState}
ON_PAGE = "只供导出，导入时不改；请在任务页面办理"

COLUMNS = (
    Column("seq", "序号", "int", width=6),
    Column("number", "任务编号", "int", aliases=("任务序号", "编号", "任务号"), width=10, note="空着 = 按任务名称对应；新任务接着往下编"),
    Column("system", "体系", aliases=("系统", "类别", "系统/类别", "工作体系", "任务类别"), width=16, max_length=40),
    Column("title", "任务", required=True, aliases=("任务名称", "任务内容", "重点任务", "工作任务"), width=36, max_length=200),
    Column(
        "lead_unit", "牵头单位", "org", aliases=("责任单位", "牵头部门", "主责单位"), width=24, max_length=100,
        note="新任务必填；已认领的任务不改",
    ),
    Column(
        "supports", "配合单位", "orgs", aliases=("协办单位", "参与单位", "配合部门"), width=40, max_length=4000,
        note="几个单位用顿号隔开；“各县(市、区)政府”代表每个县(市、区)",
    ),
    Column("phase", "阶段", aliases=("所属阶段", "工作阶段"), width=14, max_length=60, note="本创建已登记的阶段名称"),
    Column("starts_on", "开始日期", "date", aliases=("开始", "开始时间", "启动时间", "启动日期"), width=12, note="新任务空着 = 创建启动日期"),
    Column("due_on", "完成期限", "date", aliases=("完成时限", "完成时间", "截止日期", "时限", "办结期限"), width=12, note="新任务必填"),
    Column("targets", "量化目标", "text", aliases=("目标", "量化指标", "目标值"), width=30, max_length=2000, note="一行一个，如“群众满意度≥70%”"),
    Column(
        "progress", "本周进展", "text", aliases=("进展", "进展情况", "工作进展", "完成情况"), width=36, max_length=2000,
        note="由牵头或配合单位填，记入填报日期所在的周；导出时空着",
    ),
    Column(
        "state", "状态", "enum", choices=STATES, width=10, note=ON_PAGE,
        synonyms={"进行中": "claimed", "已认领": "claimed", "已办结": "done", "完成": "done"},
    ),
    Column("done_on", "完成日期", "date", aliases=("办结日期",), width=12, note=ON_PAGE),
)  # fmt: skip
