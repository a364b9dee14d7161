"""Forms about people."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.core import context
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.choices import RoleName
from accounts.models import Region, Unit
from accounts.services.signing_in import begin_attempt, settle_attempt


class LoginForm(AllauthLoginForm):
    """Log-in by user name or mobile number."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("用户名或手机号")
        self.fields["login"].widget.attrs.update({"placeholder": "", "autocomplete": "username"})
        self.fields["password"].label = _("密码")
        self.fields["password"].widget.attrs.update({"placeholder": ""})
        self.fields.pop("remember", None)


class ChangePasswordForm(AllauthChangePasswordForm):
    """A new password against the present one; guessing it in an open session is counted like guessing at the door."""

    def clean_oldpassword(self) -> str:
        """The present password; raises ``SignInWaits`` after too many wrong ones."""
        attempt = begin_attempt(request=context.request, name=self.user.username, user=self.user)
        typed: str = super().clean_oldpassword()
        settle_attempt(attempt)
        return typed


class AccountForm(forms.Form):
    """A new account: user name, name, mobile number."""

    username = forms.RegexField(
        r"^[\w.@+-]{2,60}$",
        label=_("用户名"),
        error_messages={"invalid": _("用户名要 2 到 60 个字符，只用字母、数字、汉字和 . @ + - _。")},
    )
    name = forms.CharField(label=_("姓名"), max_length=60)
    mobile = forms.RegexField(
        r"^1\d{10}$",
        label=_("手机号"),
        required=False,
        error_messages={"invalid": _("手机号是 1 开头的 11 位数字。")},
    )


class PersonForm(AccountForm):
    """Changing a person's name or mobile number."""

    username = None  # type: ignore[assignment]


class PostForm(forms.Form):
    """A post: role, territory by code, unit by name, dates."""

    role = forms.ChoiceField(label=_("角色"), choices=RoleName.choices)
    title = forms.CharField(label=_("职务"), max_length=60, required=False)
    region = forms.CharField(label=_("辖区代码"), max_length=12, required=False)
    unit = forms.CharField(label=_("单位全称"), max_length=100, required=False)
    valid_from = forms.DateField(
        label=_("起始日期"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    valid_to = forms.DateField(
        label=_("终止日期"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean_region(self) -> Region | None:
        """The region of this code."""
        code = self.cleaned_data["region"].strip()
        if not code:
            return None
        region = Region.objects.filter(pk=code).first()
        if region is None:
            raise forms.ValidationError(
                _("没有代码为“%(code)s”的地区，请核对区划代码。"), params={"code": code}
            )
        return region

    def clean_unit(self) -> Unit | None:
        """The unit of this name, in the region that was chosen when the name is not unique."""
        name = self.cleaned_data["unit"].strip()
        if not name:
            return None
        units = Unit.objects.filter(name=name)
        region = self.cleaned_data.get("region")
        if region is not None and units.count() > 1:
            units = units.filter(region=region)
        if units.count() != 1:
            raise forms.ValidationError(_("没有找到名为“%(name)s”的单位，请写全称。"), params={"name": name})
        return units.get()
