"""What each kind of fault is called when many of them are counted together."""

from __future__ import annotations

_MESSAGES = {
    "required": "必填项空着",
    "error_cell": "Excel 错误值",
    "formula_without_value": "公式没有保存结果",
    "control_characters": "含有控制字符",
    "too_long": "内容过长",
    "digits_lost": "号码被存成数字，丢失了末尾几位",
    "not_a_code": "不是号码",
    "not_a_phone": "不是电话号码",
    "not_a_number": "不是数字",
    "not_an_integer": "不是整数",
    "out_of_range": "数字超出范围",
    "not_yes_or_no": "认不出是或否",
    "unknown_choice": "不在可选范围内",
    "not_a_date": "认不出的日期",
    "ambiguous_date": "日期分不清日和月",
    "no_such_day": "日历上没有的日期",
    "incomplete_date": "日期不完整",
    "implausible_year": "年份不合理",
    "future_date": "日期晚于今天",
    "wrong_order": "起止日期颠倒",
    "other_territory": "不属于本辖区",
    "unknown_region": "没有这个行政区划",
    "unknown_village": "没有这个村(社区)",
    "region_merged": "行政区划已撤并",
    "duplicate_conflict": "表内重复且内容不一致",
    "duplicate_merged": "表内完全相同的行已合并",
    "same_target": "表内几行指向同一个登记对象",
    "owned_elsewhere": "已由其他辖区登记",
    "id_missing": "信用代码和许可证号都空着",
    "credit_code_check_digit": "信用代码校验位不符",
    "credit_code_form": "信用代码格式不对",
    "licence_check_digit": "许可证号校验位不符",
    "licence_form": "许可证号格式不对",
    "business_unknown": "登记中没有这个主体",
    "business_ambiguous": "对应到几个主体，分不清是哪一个",
    "licence_differs": "许可证号与登记不同",
    "business_name_differs": "主体名称与登记不同",
    "officer_unknown": "登记中没有这名包保干部",
    "officer_ambiguous": "有同名干部，分不清是哪一位",
    "officer_differs": "同一名干部的职务、层级或单位前后不一致",
    "officer_already_assigned": "同一主体同一层级有两名包保干部",
    "normalised": "写法已统一",
    "status_proposed": "状态变化已提请审核",
    "status_waiting": "已有待审核的状态变化",
    "status_rejected": "状态变化曾被审核退回",
    "grade_kept": "人工复核过的包保等级不改",
    "kept": "登记中已有的内容不改",
    "row_skipped": "合计、说明、示例等行已跳过",
    "one_time_password": "新账号的一次性口令",
    "role_unknown": "没有这个角色",
    "role_not_allowed": "不能授予的角色",
    "unit_unknown": "没有这个单位",
    "unit_ambiguous": "有同名单位，分不清是哪一个",
    "problem_unknown": "没有这个编号的问题",
    "problem_voided": "问题已作废",
    "closed_kept": "已销号的问题不改",
    "due_kept": "期限不改，延期另行申请",
    "step_on_page": "须在页面办理的步骤",
    "no_policy": "没有适用的整改时限",
    "mobile_taken": "手机号已被其他账号使用",
    "exclusive_role": "三员互斥",
}


def group_message(code: str) -> str:
    """A few Chinese words for a code; a kind may add its own by ``name_code``."""
    return _MESSAGES.get(code, code)


def name_code(code: str, message: str) -> None:
    """Let a kind of ledger name a code of its own. Naming one that has another meaning is a mistake."""
    if _MESSAGES.setdefault(code, message) != message:
        raise ValueError(f"{code} already means {_MESSAGES[code]}")
