"""Invented names of people, shops, streets and goods."""

from __future__ import annotations

from random import Random
from typing import Final

from entities.choices import BusinessType
from foodsafe_portal.demo.dice import Weighted

SURNAMES: Final = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶"
)
GIVEN: Final = (
    "建国", "建军", "志强", "海燕", "秀英", "桂兰", "丽娟", "晓东", "晓梅", "文静", "文博", "雪梅", "玉华", "国庆",
    "春生", "冬梅", "宏伟", "立新", "永刚", "振宇", "思远", "佳怡", "欣然", "子涵", "嘉豪", "明辉", "耀文", "淑芬",
    "凤霞", "德才", "长江", "卫东", "红梅", "爱华", "伟", "芳", "敏", "静", "磊", "洋", "勇", "艳", "杰", "娟", "涛",
    "明", "超", "霞", "平", "刚", "桂", "鹏", "辉", "琳", "颖", "倩", "洁", "楠", "波", "斌", "宁", "岩", "坤", "旭",
)  # fmt: skip

_FIRST: Final = "福禄喜鑫聚和美佳盛康泰安悦怡丰顺兴旺德信恒永春金玉宝祥瑞庆百千万同天一长明新老小大"
_SECOND: Final = "来源轩园香满家缘记味口府居楼坊斋和丰汇隆达客利荣华源乐佳惠鲜道里巷门庭桥河湾塘田禾谷"
_WORDS: Final = (
    "四季鲜", "家家福", "老街", "好邻居", "众客", "迎宾", "湖滨", "悦来", "喜来聚", "一品香", "万家惠", "百味轩",
    "天天", "金穗", "丰禾", "绿源", "田园", "大众", "友谊", "新天地", "阳光", "晨曦", "北方", "江南", "川香", "湘里",
)  # fmt: skip

# The tail of a name by business type: what it sells and, for companies, its form.
_TAILS: Final[dict[str, tuple[str, ...]]] = {
    BusinessType.PRODUCTION: (
        "面业有限公司", "粮油有限公司", "酒业有限公司", "乳业有限公司", "肉制品有限公司", "豆制品厂", "调味品有限公司",
        "饮品有限公司", "糕点有限公司", "水产加工有限公司",
    ),
    BusinessType.SALES: (
        "超市", "便利店", "生鲜超市", "水果店", "粮油店", "冷链配送有限公司", "商贸有限公司", "食品批发部", "母婴用品店",
        "熟食店", "茶叶店",
    ),
    BusinessType.CATERING: (
        "饭店", "酒楼", "火锅店", "烧烤店", "餐饮管理有限公司", "茶餐厅", "面馆", "家常菜馆", "宴会厅", "咖啡厅", "烘焙店",
    ),
    BusinessType.WORKSHOP: ("豆腐坊", "榨油坊", "馒头坊", "酱菜坊", "糕点坊", "粉条坊"),
    BusinessType.SMALL_CATERING: ("早餐店", "小吃店", "饺子馆", "米线店", "包子铺", "麻辣烫", "奶茶店"),
    BusinessType.SMALL_SHOP: ("食杂店", "小卖部", "副食店", "烟酒店", "杂货店"),
    BusinessType.STALL: ("煎饼摊", "水果摊", "蔬菜摊", "烤冷面摊", "熟食摊", "豆浆摊"),
}  # fmt: skip
_INSTITUTIONS: Final = (
    "实验小学", "中心小学", "第一中学", "第二中学", "第三中学", "职业高中", "中心幼儿园", "阳光幼儿园", "蓝天幼儿园",
    "人民医院", "中医院", "卫生院", "爱民养老院", "敬老院", "政务中心", "电厂", "纺织厂", "供电所", "工业园",
)  # fmt: skip
_STREETS: Final = (
    "人民路", "建设街", "解放路", "文化路", "育才路", "湖滨路", "迎宾街", "和平路", "站前街", "新华路", "工农街",
    "光明路", "东风街", "学府路", "沿江路", "胜利街", "中山路", "团结巷", "市场街", "幸福里",
)  # fmt: skip

TYPES_BY_GRADE: Final[dict[str, Weighted[str]]] = {
    "A": Weighted(
        {
            BusinessType.PRODUCTION: 26, BusinessType.SALES: 24, BusinessType.CATERING: 22, BusinessType.CANTEEN: 28,
        }
    ),
    "B": Weighted(
        {
            BusinessType.CATERING: 38, BusinessType.CANTEEN: 30, BusinessType.SALES: 22, BusinessType.PRODUCTION: 10,
        }
    ),
    "C": Weighted(
        {
            BusinessType.CATERING: 32, BusinessType.SALES: 30, BusinessType.CANTEEN: 9, BusinessType.SMALL_CATERING: 16,
            BusinessType.WORKSHOP: 6, BusinessType.SMALL_SHOP: 7,
        }
    ),
    "D": Weighted(
        {
            BusinessType.SMALL_SHOP: 36, BusinessType.SMALL_CATERING: 30, BusinessType.SALES: 12, BusinessType.WORKSHOP: 8,
            BusinessType.STALL: 10, BusinessType.CATERING: 4,
        }
    ),
    "": Weighted(
        {
            BusinessType.SMALL_SHOP: 34, BusinessType.STALL: 22, BusinessType.SMALL_CATERING: 28, BusinessType.SALES: 10,
            BusinessType.WORKSHOP: 6,
        }
    ),
}  # fmt: skip


def person(random: Random) -> str:
    """A person's name."""
    return random.choice(SURNAMES) + random.choice(GIVEN)


def shop(random: Random, business_type: str, *, county: str, township: str) -> str:
    """A business's name; canteens carry the institution they belong to, stalls their owner."""
    if business_type == BusinessType.CANTEEN:
        return f"{random.choice((county, township))}{random.choice(_INSTITUTIONS)}食堂"
    tail = random.choice(_TAILS[business_type])
    if business_type == BusinessType.STALL:
        return f"{random.choice(SURNAMES)}记{tail}"
    return f"{brand(random)}{tail}"


def brand(random: Random) -> str:
    """What stands on the sign."""
    throw = random.random()
    if throw < 0.3:
        return random.choice(_WORDS)
    if throw < 0.45:
        return random.choice(SURNAMES) + random.choice(("记", "家", "氏", "姐", "哥"))
    return random.choice(_FIRST) + random.choice(_SECOND)


def address(random: Random, county: str, township: str) -> str:
    """Where the premises stand; the house number makes two shops of a street differ mostly."""
    return f"{county}{township}{random.choice(_STREETS)}{random.randint(1, 399)}号"
