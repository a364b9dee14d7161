"""The columns of the ledger 指标结果, with the headers people use for them (designed here, no city's real header was found).

A clause asks one question; there is a column for each kind of question, so that nobody has to know a method's name.
"""

from __future__ import annotations

from campaigns.rules.entry import ANSWERS
from foodsafe_portal.lib.ledger import Column

COLUMNS = (
    Column("seq", "序号", "int", width=6),
    Column(
        "no", "条款编号", "code", required=True, aliases=("条款", "编号", "指标编号", "评价要点编号"), width=12,
        note="评价细则中的编号，如 3.4.1",
    ),
    Column(
        "title", "条款名称", aliases=("条款内容", "指标名称", "评价要点", "指标"), width=40, max_length=300,
        note="只作核对，可以空着",
    ),
    Column(
        "on", "日期", "date", required=True, aliases=("结果日期", "评价日期", "测评日期", "数据日期", "截至日期"), width=12,
        note="这个结果是哪一天的",
    ),
    Column(
        "met", ANSWERS["met"], "bool", aliases=("是否达到", "是否达标", "达标"), width=8,
        note="要求全部做到的条款：是或否",
    ),
    Column(
        "happened", ANSWERS["happened"], "bool", aliases=("是否发生", "是否出现"), width=8,
        note="否决项：是或否",
    ),
    Column(
        "occurrences", ANSWERS["occurrences"], "int", aliases=("发现次数", "发生次数", "问题数", "加分项数", "项数"), width=8,
        note="按次扣分或加分的条款",
    ),
    Column(
        "value", ANSWERS["value"], "decimal", aliases=("实际值", "完成值", "指标值", "实际完成"), width=10,
        note="按数值计分的条款；不带单位和百分号",
    ),
    Column(
        "deducted", ANSWERS["deducted"], "decimal", aliases=("扣减分值", "扣分值"), width=8,
        note="由人判断扣分的条款，同时写扣分理由",
    ),
    Column("reason", "扣分理由", "text", aliases=("理由", "扣分原因"), width=30, max_length=1000),
    Column(
        "sites", ANSWERS["sites"], "list", aliases=("点位得分", "各点位得分", "点位问题数"), width=20, max_length=2000,
        note="每个点位的得分或问题数，用顿号隔开",
    ),
    Column(
        "not_applicable", "不适用", "bool", aliases=("是否不适用", "合理缺项"), width=8,
        note="合理缺项填“是”，其余结果栏空着",
    ),
    Column("note", "依据", aliases=("说明", "佐证", "依据材料", "数据来源"), width=30, max_length=300),
)  # fmt: skip
