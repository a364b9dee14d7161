"""The list of work notices with who has signed and answered, and the library of answered questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from campaigns.choices import NoticeState, ReceiptState
from campaigns.models import Guidance, Notice
from foodsafe_portal.lib.lists import Asked, Choice, Column, Day, ListFilters, Listing, Search, Tab, Yes
from foodsafe_portal.lib.permissions import Permission


def _overdue(rows: QuerySet, yes: bool, asked: Asked) -> QuerySet:
    waiting = [ReceiptState.UNSIGNED, ReceiptState.SIGNED, ReceiptState.RETURNED]
    late = Q(state=NoticeState.ISSUED, reply_by__lt=asked.today, receipts__state__in=waiting)
    found = Notice.objects.filter(late).values("pk")
    return rows.filter(pk__in=found) if yes else rows.exclude(pk__in=found)


class Notices(Listing):
    """Notices, the newest first."""

    key, url_name, title = "notices", "notice-list", _("工作提示")
    permission = Permission.VIEW_TASKS
    model = Notice
    unit = _("份")
    search_words = _("标题、正文")
    nothing = _("还没有工作提示。")
    nothing_found = _("没有符合条件的工作提示。")
    order = ("-issued_at", "-pk")
    related = ("campaign", "issued_by")
    exported = True
    tabs = (Tab(_("全部"), {}), *(Tab(words, {"state": code}) for code, words in NoticeState.choices))
    columns = (
        Column("number", gettext_noop("编号"), "number", lambda one: one.number, "int", 8, num=True),
        Column("title", gettext_noop("标题"), "title", lambda one: one.title, width=36, fixed=True),
        Column("state", gettext_noop("状态"), "state", lambda one: str(one.get_state_display())),
        Column("issued_at", gettext_noop("印发"), "issued_at", lambda one: one.issued_at, "date"),
        Column("reply_by", gettext_noop("答复期限"), "reply_by", lambda one: one.reply_by, "date"),
        Column("units", gettext_noop("应答复"), "", lambda one: one.units, "int", 8, num=True),
        Column("signed", gettext_noop("已签收"), "", lambda one: one.units - one.unsigned, "int", 8, num=True),
        Column("answered", gettext_noop("已答复"), "", lambda one: one.answered, "int", 8, num=True),
    )  # fmt: skip

    class Filters(ListFilters):
        """Notices by state, day and words."""

        reply_from = Day(label=_("答复期限从"), field_name="reply_by", lookup_expr="gte")
        reply_to = Day(label=_("答复期限至"), field_name="reply_by", lookup_expr="lte")
        overdue = Yes(label=_("逾期未答"), yes=_("有"), narrow=_overdue)
        q = Search(fields=("title__icontains", "text__icontains"))
        state = Choice(label=_("状态"), choices=NoticeState.choices, chip="elsewhere")

    def rows(self, user: Any) -> QuerySet:
        """The notices this person may see."""
        return Notice.objects.visible_to(user)

    def lines(self, rows: Sequence[Notice], asked: Asked) -> Sequence[Any]:
        """Each with its receipts counted, as far as this person may see them."""
        done = [ReceiptState.ANSWERED, ReceiptState.ACCEPTED]
        seen = Notice.objects.filter(pk__in=[one.pk for one in rows]).annotate(
            units=Count("receipts"),
            unsigned=Count("receipts", filter=Q(receipts__state=ReceiptState.UNSIGNED)),
            answered=Count("receipts", filter=Q(receipts__state__in=done)),
        )
        by_key = seen.in_bulk()
        return [by_key[one.pk] for one in rows]


class GuidanceLibrary(Listing):
    """Questions and answers of the campaign (口径库)."""

    key, url_name, title = "guidance", "guidance-list", _("口径库")
    permission = Permission.VIEW_TASKS
    model = Guidance
    unit = _("条")
    search_words = _("问题、口径")
    nothing = _("还没有人提问。")
    nothing_found = _("没有符合条件的口径。")
    order = ("-asked_at", "-pk")
    related = ("unit", "asked_by", "answered_by", "notice", "campaign")
    exported = True
    columns = (
        Column("question", gettext_noop("问题"), "question", lambda one: one.question, width=40, fixed=True),
        Column("answer", gettext_noop("口径"), "", lambda one: one.answer, width=50),
        Column("unit", gettext_noop("提问单位"), "unit__name", lambda one: one.unit.name if one.unit else ""),
        Column("asked_at", gettext_noop("提问"), "asked_at", lambda one: one.asked_at, "date"),
        Column("answered_at", gettext_noop("答复"), "answered_at", lambda one: one.answered_at, "date"),
    )  # fmt: skip

    class Filters(ListFilters):
        """Questions by words, and those still to be answered."""

        waiting = Yes(
            label=_("答复"),
            yes=_("待答"),
            narrow=lambda rows, yes, asked: rows.filter(answered_at__isnull=yes),
        )
        q = Search(fields=("question__icontains", "answer__icontains"))

    def rows(self, user: Any) -> QuerySet:
        """The questions of one's campaigns."""
        return Guidance.objects.visible_to(user)


NOTICES, GUIDANCE = Notices(), GuidanceLibrary()
