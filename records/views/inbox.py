"""The inbox: what a person was told, each message a door to its object; and reminding others by hand (催办)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foodsafe_portal.lib.badges import badge_for
from foodsafe_portal.lib.doors import requires
from foodsafe_portal.lib.lists import ListPage
from foodsafe_portal.lib.permissions import Permission
from foodsafe_portal.lib.requests import PortalRequest
from records.choices import ChannelName
from records.lists import INBOX
from records.models import ChannelAddress, Notification
from records.services.channels import active_channels
from records.services.deliveries import AddressRefused, set_address
from records.services.notify import ReminderRefused, mark_read, remind
from records.services.remindable import remindable
from records.views.lists import list_export, list_page

MOST_REMINDED = 500
PEOPLE_NAMED = 8


@badge_for("inbox", "%(n)s")
def unread(user: Any) -> Any:
    """What this person has not opened yet."""
    return Notification.objects.visible_to(user).of(user).unread()


def _around(request: PortalRequest, found: ListPage) -> dict[str, Any]:
    own = ChannelAddress.objects.filter(user_id=request.user.pk, channel=ChannelName.MAIL).first()
    return {
        "mail_is_on": any(channel.name == ChannelName.MAIL for channel in active_channels()),
        "address": own.address if own else "",
        "may_export": request.user.can(Permission.EXPORT),
    }


inbox = list_page(INBOX, page="records/inbox.html", fragment="records/_inbox_table.html", context=_around)
inbox_export = list_export(INBOX)


@require_safe
@requires(Permission.VIEW_INBOX)
def inbox_open(request: PortalRequest, pk: int) -> HttpResponse:
    """Read a message of one's own and go to its object, whose page says whether it is within scope."""
    row = get_object_or_404(Notification.objects.visible_to(request.user).of(request.user), pk=pk)
    mark_read(by=request.user, pks=[row.pk])
    return redirect(row.url)


@require_POST
@requires(Permission.VIEW_INBOX)
def inbox_read(request: PortalRequest) -> HttpResponse:
    """Mark the chosen messages as read, or all of them."""
    chosen = [int(key) for key in request.POST.getlist("id") if key.isdecimal() and len(key) < 18]
    if request.POST.get("all"):
        count = mark_read(by=request.user)
    else:
        count = mark_read(by=request.user, pks=chosen)
    messages.info(request, _("已读 %(n)s 条。") % {"n": count})
    return redirect("inbox")


@require_POST
@requires(Permission.VIEW_INBOX)
def inbox_address(request: PortalRequest) -> HttpResponse:
    """Keep where this person wants the daily digest."""
    try:
        set_address(channel=ChannelName.MAIL, address=request.POST.get("address", "")[:120], by=request.user)
    except AddressRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.info(request, _("接收地址已保存。"))
    return redirect("inbox")


@require_http_methods(["GET", "POST"])
@requires(Permission.REMIND)
def remind_by_hand(request: PortalRequest, kind: str) -> HttpResponse:
    """Remind whoever has to act of the things whose keys the address or the form names; the sentence is prefilled."""
    known = remindable(kind)
    if known is None:
        raise Http404
    given = request.POST if request.method == "POST" else request.GET
    keys = [int(key) for key in given.getlist("id") if key.isdecimal() and len(key) < 18][:MOST_REMINDED]
    waiting = known.waiting(request.user, keys)
    refusal, status = "", 200
    if request.method == "POST":
        try:
            done = remind(waiting=waiting, sentence=request.POST.get("sentence", ""), by=request.user)
        except ReminderRefused as refused:
            refusal, status = str(refused), 422
        else:
            (messages.info if done.sent or done.already else messages.error)(request, done.said)
            return redirect(known.list_url)
    context = {
        "kind": known,
        "waiting": waiting,
        "shown": waiting[:PEOPLE_NAMED],
        "people": len({person for one in waiting for person in one.recipients}),
        "without": [one for one in waiting if not one.recipients],
        "left": len(set(keys)) - len(waiting),
        "sentence": request.POST.get("sentence", known.sentence(waiting) if waiting else ""),
        "refusal": refusal,
    }
    return render(request, "records/remind.html", context, status=status)
