"""Forms about people."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthCodeAgainForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.choices import RegionLevel, RoleName
from accounts.models import Region, Unit, User
from accounts.names import region_names, unit_names
from accounts.services.second_factor import proven_by
from accounts.services.signing_in import begin_attempt, note_refusal, settle_attempt
from foodsafe_portal.lib.pinyin import initials
from records.choices import Outcome
from records.services import audit


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


class PasswordAgainForm(AllauthReauthenticateForm):
    """The password once more before something that opens or closes the account; guesses are counted."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = _("密码")
        self.fields["password"].widget.attrs.update({"placeholder": ""})
        self.fields["password"].help_text = ""

    def clean_password(self) -> str:
        """The present password; raises ``SignInWaits`` after too many wrong ones."""
        attempt = begin_attempt(request=context.request, name=self.user.username, user=self.user)
        typed: str = super().clean_password()
        settle_attempt(attempt)
        return typed


class _CodeForm:
    """A field for the code of an app, or one of the recovery codes; guesses are counted with those of passwords."""

    user: Any
    fields: dict[str, Any]
    cleaned_data: dict[str, Any]

    def _words(self, label: Any) -> None:
        self.fields["code"].label = label
        self.fields["code"].widget.attrs.update(
            {"placeholder": "", "inputmode": "numeric", "autofocus": True}
        )

    def clean_code(self) -> str:
        """The code; raises ``SignInWaits`` after too many wrong ones."""
        attempt = begin_attempt(request=context.request, name=self.user.username, user=self.user)
        code = str(self.cleaned_data["code"])
        self.authenticator = proven_by(self.user, code)
        if self.authenticator is None:
            note_refusal(attempt=attempt, name=self.user.username)
            audit.record(by=None, action="second_factor.refused", target=self.user, outcome=Outcome.REFUSED)
            raise get_adapter().validation_error("incorrect_code")
        settle_attempt(attempt)
        return code


class CodeForm(_CodeForm, AllauthAuthenticateForm):
    """The second step of signing in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._words(_("6 位动态口令，或一个恢复码"))


class CodeAgainForm(_CodeForm, AllauthCodeAgainForm):
    """The code once more before something that opens or closes the account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._words(_("6 位动态口令，或一个恢复码"))


class BindForm(ActivateTOTPForm):
    """The first code of an app that was just set up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("手机上显示的 6 位口令")
        self.fields["code"].widget.attrs.update({"placeholder": "", "inputmode": "numeric"})


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


class Picker(forms.Select):
    """A select that is searched by name and by pinyin initials."""

    def __init__(self, attrs: dict[str, Any] | None = None, choices: Any = ()) -> None:
        super().__init__({"data-select": "", "class": "form-select", **(attrs or {})}, choices)

    def create_option(self, name: str, value: Any, label: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """An option with the initials of its words."""
        option = super().create_option(name, value, label, *args, **kwargs)
        option["attrs"]["data-pinyin"] = initials(str(label))
        return option


class ManyPicker(Picker, forms.SelectMultiple):
    """The same for several answers."""


class _Named:
    """Options named outside their parent, all of them by one query."""

    queryset: Any
    _names: dict[Any, str]

    def named(self) -> dict[Any, str]:
        """The name of every option by key."""
        rows = list(self.queryset)
        return dict(unit_names(rows)) if self.queryset.model is Unit else dict(region_names(rows))

    def label_from_instance(self, row: Any) -> str:
        """With its county, where it lies in one."""
        if row.pk not in self.__dict__.setdefault("_names", {}):
            self._names = self.named()
        return self._names.get(row.pk, str(row))


class NamedChoice(_Named, forms.ModelChoiceField):
    """A place or a unit, named with its county, searched by name and pinyin."""

    widget = Picker


class NamedChoices(_Named, forms.ModelMultipleChoiceField):
    """Several of them."""

    widget = ManyPicker


class PostForm(forms.Form):
    """A post: role, place and unit picked from lists, and dates. No role is chosen beforehand."""

    role = forms.ChoiceField(
        label=_("角色"),
        choices=[("", _("请选择角色")), *RoleName.choices],
        error_messages={"required": _("请选择角色。")},
    )
    title = forms.CharField(label=_("职务"), max_length=60, required=False)
    region = NamedChoice(
        Region.objects.none(),
        label=_("辖区"),
        required=False,
        empty_label=_("不选"),
        error_messages={"invalid_choice": _("没有这个地区，请重选。")},
    )
    unit = NamedChoice(
        Unit.objects.none(),
        label=_("单位"),
        required=False,
        empty_label=_("不选"),
        error_messages={"invalid_choice": _("没有这个单位，请重选。")},
    )
    valid_from = forms.DateField(
        label=_("起始日期"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    valid_to = forms.DateField(
        label=_("终止日期"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        regions = Region.objects.visible_to(user).filter(closed_on__isnull=True)
        self.fields["region"].queryset = regions.exclude(level=RegionLevel.VILLAGE).order_by("code")  # type: ignore[attr-defined]
        self.fields["unit"].queryset = Unit.objects.visible_to(user).order_by("region_id", "name")  # type: ignore[attr-defined]
