"""The columns of the ledger 督导记录台账, with the headers people use for them."""

from __future__ import annotations

from entities.fields import LEVELS, words
from foodsafe_portal.lib.ledger import Column
from inspections.choices import VisitMode

MODES = words(VisitMode)
COLUMNS = (
    Column("seq", "序号", "int", width=6),
    Column("business_name", "企业名称", aliases=("主体名称", "经营者名称", "包保主体"), width=30, max_length=150),
    Column(
        "business_credit_code", "统一社会信用代码", "code", aliases=("信用代码",), width=22, max_length=30,
        note="信用代码和许可证号至少填一个",
    ),
    Column("business_licence_no", "许可证号", "code", aliases=("许可证编号",), width=20, max_length=60),
    Column("county", "县(市、区)", "region", aliases=("区县",), width=12),
    Column("township", "乡镇(街道)", "region", aliases=("镇街",), width=14),
    Column(
        "officer_name", "包保干部姓名", "person", required=True, aliases=("包保干部", "督导干部", "督导人"), width=14, max_length=60
    ),
    Column(
        "officer_level", "包保层级", "enum", aliases=("层级",), choices=LEVELS,
        synonyms={"县区级": "county", "区级": "county", "乡级": "township", "镇级": "township", "街道级": "township"}, width=10,
    ),
    Column("visited_on", "督导时间", "date", required=True, aliases=("督导日期",), width=12),
    Column("period", "督导周期", "period", width=10, note="可不填，按督导时间推算", max_length=40),
    Column(
        "mode", "督导方式", "enum", choices=MODES, synonyms={"现场督导": "on_site", "实地": "on_site", "集中督导": "group"},
        width=10, note="现场、集中、其他；高风险主体必须现场",
    ),
    Column("checklist_version", "任务清单版本", "ref", width=12, note="可不填，按督导时间推算", max_length=40),
    Column("fail_items", "不符合项", "list", width=14, note="任务清单的序号，用顿号隔开，例如 3、7", max_length=200),
    Column("problem_desc", "发现问题", "text", aliases=("问题描述", "存在问题"), width=30, max_length=2000),
    Column("fixed_on_spot", "当场整改", "bool", width=10),
    Column("handed_to_office", "移交市场监管所", "bool", width=12),
    Column("rectify_status", "整改情况", "text", aliases=("整改结果",), width=24, max_length=2000),
    Column("national_record_no", "国家平台记录号", "code", width=22, max_length=60),
    Column("photos", "佐证照片", "files", width=14, note="照片不随台账上传；有问题的督导请在问题页面补传", max_length=500),
)  # fmt: skip
