"""The columns of the ledger 评价细则, with the headers people use for them (designed here, no city's real header was found).

The edition's own facts (code, name, version, source, pass rule) stand in the first row of its clauses or in every one; a blank
cell takes the code from the row above. Every parameter of a scoring method has a column of its own.
"""

from __future__ import annotations

from campaigns.choices import ClauseKind
from campaigns.measures import MEASURES as COUNTED
from foodsafe_portal.lib.ledger import Column

KINDS = {
    ClauseKind.KEY.value: "关键项", ClauseKind.BASIC.value: "基本项", ClauseKind.BONUS.value: "鼓励(加分)项",
    ClauseKind.VETO.value: "否决项",
}  # fmt: skip
METHODS = {
    "all_or_nothing": "全得或不得", "judgement": "酌情扣分", "per_occurrence": "按次扣分", "per_shortfall": "按缺额扣分",
    "threshold": "达标得分", "tiered": "分档得分", "proportional": "按比例得分", "sites": "点位合并", "bonus": "按项加分",
    "veto": "否决",
}  # fmt: skip
OPERATORS = {">=": "≥", ">": ">", "<=": "≤", "<": "<", "=": "="}
COMBINATIONS = {"mean": "平均", "worst": "最低", "sum_deductions": "累计扣分"}
_VALUES = {
    "done_rate": "完成率", "on_time_rate": "按时率", "overdue_rate": "逾期率", "overdue": "逾期数", "done": "完成数",
    "none_overdue": "无逾期",
}  # fmt: skip
MEASURES = {
    f"{measure.code}.{value}": f"{measure.name}{of}"
    for measure in COUNTED.values()
    for value, of in _VALUES.items()
}

COLUMNS = (
    Column("seq", "序号", "int", width=6),
    Column(
        "code", "细则代码", "ref", aliases=("评价细则代码", "版本代码"), width=14, max_length=40,
        note="这一版的代码，如 city-2026；空着 = 与上一行相同",
    ),
    Column("book", "细则名称", aliases=("评价细则", "评价细则名称"), width=24, max_length=150, note="填在第一行即可"),
    Column("edition", "版本", "ref", aliases=("版本号", "版次"), width=12, max_length=40, note="填在第一行即可"),
    Column("source", "依据", aliases=("来源", "文件依据"), width=20, max_length=300, note="填在第一行即可"),
    Column(
        "passing", "合格规则", "ref", aliases=("合格条件", "通过条件", "通过规则"), width=28, max_length=200,
        note="填在第一行即可，如“无否决项；总分≥90；关键项≥60%”",
    ),
    Column("no", "编号", "code", required=True, aliases=("条款编号", "条款号"), width=10, note="如 3.4.1；下级条款接在上级后面"),
    Column("parent", "上级编号", "code", aliases=("上级条款", "上级条款编号"), width=10, note="空着 = 按编号中的点判断"),
    Column("title", "条款", required=True, aliases=("条款名称", "条款内容", "评价要点", "内容"), width=44, max_length=300),
    Column(
        "kind", "类别", "enum", aliases=("条款类别", "类型"), choices=KINDS, width=12, note="空着 = 与上级条款相同",
        synonyms={"关键": "key", "基本": "basic", "一般项": "basic", "鼓励项": "bonus", "加分项": "bonus", "否决": "veto", "一票否决": "veto"},
    ),
    Column("points", "分值", "decimal", aliases=("分数", "满分"), width=8, note="有下级条款的，等于下级之和；否决项不填"),
    Column(
        "method", "计分方法", "enum", aliases=("评分方法", "计分方式"), choices=METHODS, width=14, note="有下级条款的不填",
        synonyms={"得分或不得分": "all_or_nothing", "相应扣分": "judgement", "每发现一次扣分": "per_occurrence", "每少一次扣分": "per_shortfall"},
    ),
    Column("each", "每次分值", "decimal", aliases=("每次扣分", "每项加分", "扣分标准"), width=10, note="按次扣分、按缺额扣分、按项加分、累计扣分"),
    Column("cap", "上限", "decimal", aliases=("最多扣分", "最多加分", "封顶"), width=8, note="按次扣分可填，按项加分必填"),
    Column("required", "要求数量", "decimal", aliases=("要求次数", "应有数量"), width=10, note="按缺额扣分"),
    Column(
        "op", "比较", "enum", aliases=("比较符",), choices=OPERATORS, width=8, note="达标得分、有目标的否决项",
        synonyms={">=": ">=", "<=": "<=", "不低于": ">=", "不少于": ">=", "不高于": "<=", "不超过": "<=", "大于": ">", "小于": "<", "等于": "="},
    ),
    Column("target", "目标值", "decimal", aliases=("目标", "指标目标"), width=10, note="达标得分、按比例得分、有目标的否决项"),
    Column("bands", "分档", "text", width=24, max_length=500, note="分档得分，如“≥0得2分；≥30得3分；≥80得4分”"),
    Column(
        "combine", "合并方式", "enum", aliases=("点位合并方式",), choices=COMBINATIONS, width=10, note="点位合并",
        synonyms={"平均分": "mean", "最低分": "worst", "累计": "sum_deductions"},
    ),
    Column("unit", "计量单位", "ref", aliases=("单位(次、家、处)",), width=10, max_length=10, note="空着 = 次"),
    Column("measure", "系统取数", "enum", aliases=("取数", "数据来源"), choices=MEASURES, width=18, note="由系统计算的条款才填"),
    Column("lead_unit", "牵头单位", "org", aliases=("责任单位", "牵头部门"), width=24, max_length=100, note="成员单位台账中的名称"),
)  # fmt: skip
