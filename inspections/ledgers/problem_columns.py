"""The columns of the ledger 问题整改台账, with the headers people use for them."""

from __future__ import annotations

from entities.fields import words
from foodsafe_portal.lib.ledger import Column
from inspections.choices import ProblemKind, ProblemSource, Severity

SOURCES = words(ProblemSource)
KINDS = words(ProblemKind)
SEVERITIES = words(Severity)
ON_PAGE = "只供导出，导入时不改；请在问题页面办理"

COLUMNS = (
    Column("seq", "序号", "int", width=6),
    Column("code", "问题编号", "code", width=14, max_length=20, note="空着 = 新问题；填了 = 更新这一个"),
    Column(
        "source", "问题来源", "enum", required=True, choices=SOURCES,
        synonyms={
            "省级": "province", "国家": "nation", "第三方": "third_party", "暗访": "inspection", "明查": "inspection",
            "督导": "visit", "包保": "visit", "投诉": "complaint", "举报": "complaint", "自查自纠": "self_check",
        },
        width=12,
    ),
    Column(
        "kind", "问题类型", "enum", required=True, choices=KINDS,
        synonyms={"个性": "single", "点位(个性)": "single", "共性问题": "common", "点位问题": "single", "个性问题": "single"},
        width=10,
    ),
    Column("found_on", "发现日期", "date", required=True, width=12),
    Column("business_credit_code", "统一社会信用代码", "code", aliases=("信用代码",), width=22, max_length=30, note="问题在经营主体时填"),
    Column("business_licence_no", "许可证号", "code", aliases=("许可证编号",), width=20, max_length=60, note="问题在经营主体时填"),
    Column("site", "点位/主体", "str", aliases=("点位", "主体", "点位(主体)"), width=24, max_length=150),
    Column("county", "县(市、区)", "region", aliases=("区县",), width=12),
    Column("township", "乡镇(街道)", "region", aliases=("镇街",), width=14),
    Column("description", "问题描述", "text", required=True, aliases=("存在问题", "具体问题"), width=40, max_length=2000),
    Column("rule_item", "对应评价要点", "ref", width=14, max_length=40),
    Column(
        "severity", "严重程度", "enum", choices=SEVERITIES,
        synonyms={"一般": "minor", "较轻": "minor", "较大": "major", "重大": "serious"}, width=10, note="空着 = 轻微",
    ),
    Column("lead_unit", "责任单位", "org", required=True, aliases=("牵头单位", "责任部门"), width=24, max_length=100),
    Column("assist_units", "配合单位", "orgs", width=24, max_length=200),
    Column("lead_leader", "责任领导", "person", several=True, width=12, max_length=60),
    Column("owner", "责任人", "person", several=True, width=12, max_length=60),
    Column("measures", "整改措施", "text", width=36, max_length=4000, note="每行一条"),
    Column(
        "original_due", "整改时限", "date", aliases=("完成时限", "整改期限"), width=12,
        note="空着 = 按严重程度和工作日历计算；登记后不改",
    ),
    Column("current_due", "现行时限", "date", width=12, note="只在新问题已延期时填"),
    Column("progress", "整改情况", "text", width=30, max_length=2000),
    Column("done_on", "完成日期", "date", width=12, note="新问题已整改时填，照片在问题页面补传"),
    Column("before_photos", "整改前照片", "files", width=12, note="照片不随台账上传", max_length=500),
    Column("after_photos", "整改后照片", "files", width=12, note="照片不随台账上传", max_length=500),
    Column("reviewer", "审核人", "user", width=12, max_length=60, note=ON_PAGE),
    Column("verifier", "复核人", "user", width=12, max_length=60, note=ON_PAGE),
    Column("verify_result", "复核结论", "str", width=10, max_length=60, note=ON_PAGE),
    Column("closed_on", "销号日期", "date", width=12, note="新问题已销号时填；由创建办或督查组导入"),
    Column("closed", "是否销号", "bool", width=10),
    Column("overdue_days", "逾期天数", "int", width=10, note="只供导出，导入时不读"),
    Column("case_filed", "是否立案", "bool", width=10, note=ON_PAGE),
    Column("case_no", "立案号", "ref", width=16, max_length=60, note=ON_PAGE),
    Column("revisit_on", "回访/回头看日期", "date", aliases=("回访日期", "回头看日期"), width=12, note=ON_PAGE),
    Column("reopen_count", "反弹次数", "int", width=10, note="只供导出，导入时不读"),
    Column("remark", "备注", "text", width=20, max_length=1000),
)  # fmt: skip
