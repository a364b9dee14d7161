"""The lists of the registers: a person's inbox."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from foodsafe_portal.lib.lists import Choice, Column, ListFilters, Listing, Search, Tab, Yes
from foodsafe_portal.lib.permissions import Permission
from records.models import Notification
from records.services.notify import REMINDER

ORIGINS = [(REMINDER, _("人工催办")), ("rule", _("系统提醒"))]


class Inbox(Listing):
    """What this person was told, newest first."""

    key, url_name, title = "inbox", "inbox", _("消息")
    permission = Permission.VIEW_INBOX
    model = Notification
    unit = _("条")
    search_words = _("内容、对象")
    nothing = _("没有消息。")
    nothing_found = _("没有符合条件的消息。")
    order = ("-pk",)
    related = ("sent_by",)
    exported = True
    tabs = (Tab(_("未读"), {"read": "0"}), Tab(_("全部"), {}))
    columns = (
        Column("sentence", _("内容"), "sentence", lambda row: row.sentence, fixed=True, width=60),
        Column("target", _("对象"), "target_name", lambda row: row.target_name, width=30),
        Column("due", _("期限"), "due", lambda row: row.due, sheet="date"),
        Column("created_at", _("时间"), "created_at", lambda row: row.created_at, sheet="str"),
        Column("sent_by", _("催办人"), "", lambda row: str(row.sent_by or "")),
    )

    class Filters(ListFilters):
        """Messages by whether they were read, by who sent them, by words."""

        read = Yes(
            label=_("已读"),
            yes=_("已读"),
            no=_("未读"),
            narrow=lambda rows, yes, asked: rows.exclude(read_at__isnull=yes),
        )
        origin = Choice(
            label=_("来源"),
            choices=ORIGINS,
            narrow=lambda rows, code, asked: (
                rows.filter(rule=REMINDER) if code == REMINDER else rows.exclude(rule=REMINDER)
            ),
        )
        q = Search(fields=("sentence__icontains", "target_name__icontains"))

    def rows(self, user: Any) -> QuerySet:
        """This person's own messages, also where they may see those of others."""
        return Notification.objects.visible_to(user).of(user)


INBOX = Inbox()
