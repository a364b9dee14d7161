"""When each periodic duty was last done, so that its silence can be seen from outside."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Pulse(models.Model):
    """A periodic duty and when it last ended."""

    name = models.CharField(_("定时任务"), max_length=40, primary_key=True)
    at = models.DateTimeField(_("最近完成"))

    class Meta:
        verbose_name = _("定时任务心跳")
        verbose_name_plural = _("定时任务心跳")
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M:%S}"
