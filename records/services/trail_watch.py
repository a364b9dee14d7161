"""The daily look at the trail: verified whole, told when it does not hold, its anchor sent out of the house."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.mail import send_mail
from django.utils.translation import gettext as _

from records.models import AuditEvent
from records.services import anchors, audit
from records.services.seal import tell_once_a_day
from records.services.trail_check import verify_trail


def watch_trail(now: datetime) -> bool:
    """Verify the trail and mail its anchor, once on the day of ``now``; False when that has been done."""
    start = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if AuditEvent.objects.filter(action="trail.watched", at__gte=start).exists():
        return False
    check = verify_trail()
    if check.first:
        tell_once_a_day("trail.broken", check.first.sentence)
        if settings.TRAIL_ANCHOR_MAIL:
            words = _("审计记录核验发现 %(count)s 处不一致") % {"count": len(check.findings)}
            send_mail(words, check.first.sentence, None, settings.TRAIL_ANCHOR_MAIL)
    sent = anchors.mail_anchor(now.date())
    audit.record(
        by=None,
        action="trail.watched",
        after={"links": check.links, "findings": len(check.findings), "mailed": sent},
    )
    return True
