"""The words by which people say *nothing*, *no problem* and *as usual*, and official words for one thing: one list for every column."""

from __future__ import annotations

import re
from typing import Final

from foodsafe_portal.lib.typography import plain

_NONE: Final = (
    "无", "没有", "暂无", "空", "空白", "无此项", "无内容", "未填", "未填写", "未提供", "不适用", "暂缺", "暂未提供",
)  # fmt: skip
_UNKNOWN: Final = ("不详", "未知", "不明", "不清楚", "待补", "待补充", "待定", "待完善", "待核实")
_LETTERS: Final = ("N/A", "NA", "N.A.", "NULL", "NONE", "NIL")
_NO_NUMBER: Final = (
    "未办理", "未办", "办理中", "正在办理", "在办", "待办", "待办理", "申请中", "无证", "无证照", "无许可证", "无信用代码", "无需办理",
    "免办", "无号", "无编号",
)  # fmt: skip
_NOT_DECIDED: Final = (
    "未分级",
    "未定级",
    "未评级",
    "未评定",
    "未分类",
    "未确定",
    "待分级",
    "待定级",
    "待评级",
    "暂未分级",
    "暂未定级",
)

_SIGNS: Final = r"/\\|\-~_*.,·?×^…=#—–―－／＼｜～＿＊．，、。？"
_ONLY_SIGNS: Final = re.compile(rf"[{_SIGNS}\s]+|0+(?:\.0+)?")
HARDLY_A_WORD: Final = rf"(?:[{_SIGNS}]+|[0\uff10]+(?:\.0+)?)"
"""A cell of nothing but signs or noughts, as part of a regular expression that reads whole columns at once."""


def _spellings(words: tuple[str, ...]) -> frozenset[str]:
    wide = {ord(sign): ord(sign) + 0xFEE0 for sign in map(chr, range(0x21, 0x7F))}
    marked = {form for word in words for form in (word, f"{word}。", f"({word})", f"（{word}）")}
    return frozenset(
        case for word in marked for form in (word, word.lower(), word.capitalize()) for case in (form, form.translate(wide))
    )  # fmt: skip


NOTHING: Final = _spellings((*_NONE, *_UNKNOWN))
"""Placeholders in words, in the spellings that a whole column is searched for."""
NOTHING_IN_LETTERS: Final = _spellings(_LETTERS)
"""Placeholders that could be the name of a shop."""

_WORDS: Final = frozenset(map(plain, (*_NONE, *_UNKNOWN)))
_UNKNOWN_WORDS: Final = frozenset(_UNKNOWN)
_LETTER_WORDS: Final = frozenset(_LETTERS)
_NUMBERS: Final = frozenset(_NO_NUMBER)
_CHOICES: Final = frozenset(_NOT_DECIDED)


def _bare(text: str) -> str:
    word = plain(text).upper()
    if word.startswith("(") and word.endswith(")"):
        word = word[1:-1]
    return word.rstrip(".!;:") if word not in _LETTER_WORDS else word


def says_nothing(text: str, *, letters: bool = True) -> bool:
    """Whether a text is a placeholder: signs or noughts alone, 无, 暂无, N/A … A placeholder is an empty cell.

    Without ``letters`` NA, NULL and their like are words: a shop may be called so.
    """
    if len(text) > 12:
        return False
    word = _bare(text)
    return (
        not word
        or word in _WORDS
        or (letters and word in _LETTER_WORDS)
        or _ONLY_SIGNS.fullmatch(word) is not None
    )


def says_unknown(text: str) -> bool:
    """Whether a text says that something is there and not known, or not known yet (不详, 待补)."""
    return _bare(text) in _UNKNOWN_WORDS


def says_no_number(text: str) -> bool:
    """Whether a text in a column of numbers says that there is none, or none yet (办理中)."""
    return says_nothing(text) or _bare(text) in _NUMBERS


def says_undecided(text: str) -> bool:
    """Whether a text in a column of choices says that nothing has been chosen yet (未分级)."""
    return says_nothing(text) or _bare(text) in _CHOICES


# --- no problem ----------------------------------------------------------------------------------------------

_ON_THE_DAY: Final = (
    "(?:经|本次|此次|当日|现场|检查|督导|核查|查看|督查|包保|中|时|后|该店|该户|该单位|企业|各项|目前|总体|整体"
    "|均|都|全部|基本|一切|暂时|暂|尚)*"
)
_WHAT: Final = (
    r"(?:任何|明显|重大|突出|较大|严重|其他|其它|相关|食品|安全|质量|违法|违规|方面|此类|的|和|及)*"
    r"(?:问题|异常|隐患|异常情况|问题隐患|安全隐患|风险|风险隐患|违法行为|违规行为|违法违规行为|不符合项|不合格项|不符合|不合格|缺陷|情况)*"
)
_NO_PROBLEM: Final = re.compile(
    rf"{_ON_THE_DAY}(?:(?:未|没有|没|无|不|零)(?:发现|见|查见|查出|检出|存在|有|出现|发生)?{_WHAT}|0(?:个|项|处|条|次)?(?:问题|隐患)?)"
    rf"|{_ON_THE_DAY}(?:合格|符合|符合要求|符合规定|符合标准|达标|正常|良好|较好|优秀|很好|好|无误|到位|规范|运行正常|经营正常|正常经营|正常营业|情况正常|情况良好)"
    r"|否|N|NO|OK|F|FALSE"
)
_ONLY_NO: Final = re.compile(r"(?:未|不|没|零)")
_SAYS_NEITHER: Final = re.compile(rf"\d{{1,2}}|{_ON_THE_DAY}")
_SENTENCES: Final = re.compile(r"[,;!\n\r.]+")
_NUMBERED: Final = re.compile(r"^(?:\(?\d{1,2}[).、,]|[一二三四五六七八九十]+[、,.])+(?=\D)")


def says_no_problem(text: str) -> bool:
    """Whether a finding says that nothing was wrong: 无, 未发现明显问题, 合格, 符合要求, 1.无, — … and nothing besides."""
    if len(text) > 60:
        return False
    if says_nothing(text):
        return True
    said = plain(text).upper()
    parts = [_NUMBERED.sub("", part) for part in _SENTENCES.split(_NUMBERED.sub("", said))]
    parts = [
        part
        for part in (part.strip(":()") for part in parts)
        if not _SAYS_NEITHER.fullmatch(part) or part == "0"
    ]
    return bool(parts) and all(
        says_nothing(part) or (_NO_PROBLEM.fullmatch(part) is not None and not _ONLY_NO.fullmatch(part))
        for part in parts
    )


# --- official words ------------------------------------------------------------------------------------------

IN_BUSINESS: Final = (
    "存续(在营、开业、在册)", "存续(在营、开业)", "存续", "在营(开业)", "在营(开业)企业", "在营", "在业", "在册", "开业", "正常营业",
    "正常经营", "正常在营", "营业", "营业中", "经营中", "在营业", "在经营", "持续经营", "正常生产", "有效", "存续状态", "正常状态",
)  # fmt: skip
"""What the national enterprise register and those who copy from it write for a business that is running."""
SUSPENDED: Final = (
    "歇业",
    "暂停营业",
    "暂停经营",
    "已停业",
    "停业整顿",
    "已歇业",
    "停产",
    "停止营业",
    "休业",
    "关停",
    "关门",
    "关闭",
    "已关闭",
)
NOT_FOUND: Final = ("查无下落", "查无此户", "查无此店", "失联", "无法联系", "下落不明", "查找不到")
DEREGISTERED: Final = ("已注销", "吊销", "已吊销", "吊销,已注销", "撤销", "已撤销", "撤销登记", "注销企业")
DORMANT: Final = ("吊销,未注销", "吊销未注销", "吊销(未注销)", "停业(未注销)")
MOVED_OUT: Final = ("已迁出", "搬迁", "已搬迁", "迁走", "迁移", "已迁走", "搬走")

LICENSED_TYPES: Final = {
    "production": ("食品生产者", "食品生产企业", "生产企业", "生产", "食品生产经营者(生产)", "食品添加剂生产者"),
    "sales": (
        "食品销售经营者", "食品销售者", "销售", "食品经营", "流通", "食品流通", "批发", "零售", "批发兼零售", "食品批发", "食品零售",
        "商场超市", "超市", "便利店", "批发零售",
    ),
    "catering": ("餐饮服务经营者", "餐饮服务提供者", "餐饮", "餐饮业", "餐饮单位", "大型餐饮", "中型餐饮", "网络餐饮"),
    "canteen": (
        "食堂", "学校食堂", "集中用餐单位食堂", "单位食堂(学校食堂)", "单位食堂(机关食堂)", "机关食堂", "企业食堂", "养老机构食堂",
        "幼儿园食堂", "托幼机构食堂", "医院食堂", "工地食堂", "校园食堂",
    ),
    "workshop": ("食品小作坊", "食品生产加工小作坊", "小作坊生产者"),
    "small_catering": ("小餐饮店", "小餐饮经营者", "小饭店", "小吃店", "小餐饮服务"),
    "small_shop": ("小食杂", "食杂店", "小食杂店经营者", "食品小经营店", "小经营店", "小副食店", "食品小销售店"),
    "stall": ("食品摊贩", "小摊贩", "流动摊贩", "食品小摊贩", "摊点", "食品摊点", "摊位"),
}  # fmt: skip
"""The 主体业态 of food licences and of the small ones' registers, by the portal's code."""
SCALES: Final = {
    "large": ("大型", "大型企业"),
    "medium": ("中型", "中型企业"),
    "small": ("小型", "小型企业"),
    "micro": ("微型", "微型企业", "微小", "微小型"),
}
"""The four sizes of the statistical standard, by the portal's code."""
