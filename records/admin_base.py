"""The admin as a window on the services: rows by scope, doors by the rights table, writing by verbs that leave their event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ShowFacets
from django.core.exceptions import EmptyResultSet, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from foodsafe_portal.lib.paging import capped_count
from foodsafe_portal.lib.permissions import Permission
from records.services.rows import RowRefused, row_digest

SEEN = "seen"
_REFUSAL = "_refusal_of_the_service"
_ANSWERS = "_answers_about_rows"

# What a form says when a rule of the database is broken; the other constraints carry their own sentence.
CONSTRAINT_WORDS = {
    "_ends_after_it_begins": _("终止日期不能早于起始日期。"),
    "membership_in_group_or_team": _("领导小组和工作组请选且只选一个。"),
    "frequency_at_least_once": _("次数至少是 1。"),
}


class CappedPaginator(Paginator):
    """Counts no further than a thousand rows, so that a list of a million opens as fast as one of fifty."""

    @cached_property
    def count(self) -> int:
        """The number of rows, “1,000+” beyond a thousand."""
        return capped_count(self.object_list)  # type: ignore[arg-type]


class SeenForm(forms.ModelForm):
    """A form that knows what its reader saw and says what a service refused."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput, label="")
    refusal: ClassVar[str] = ""
    admin_of_form: ClassVar[Any] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None and not self.instance._state.adding:
            names = self.Meta.model_fields  # type: ignore[attr-defined]
            self.initial[SEEN] = self.admin_of_form.seen_of(
                self.instance, [n for n in names if n in self.fields]
            )

    def clean(self) -> dict[str, Any]:
        """Add the sentence of a service that refused what was typed."""
        cleaned = super().clean() or self.cleaned_data
        if self.refusal:
            self.add_error(None, self.refusal)
        return cleaned

    def _update_errors(self, errors: ValidationError) -> None:
        """Put the names of broken constraints into words."""
        for error in (
            errors.error_dict.get("__all__", []) if hasattr(errors, "error_dict") else errors.error_list
        ):
            said = str(error.message)
            for name, words in CONSTRAINT_WORDS.items():
                if name in said:
                    error.message = words
        super()._update_errors(errors)  # type: ignore[misc]


class ScopedAdmin(admin.ModelAdmin):
    """A table as a person may see it: ``visible_to`` gives the rows, today's posts open the doors. Nothing can be written.

    ``view_permissions``: one of them opens the table. ``scoped_through``: the foreign key whose rows' scope is this table's,
    where it has none of its own. ``hidden`` fields are never shown.
    """

    view_permissions: ClassVar[Sequence[Permission]] = ()
    scoped_through: ClassVar[str] = ""
    hidden: ClassVar[Sequence[str]] = ()

    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50
    list_max_show_all = 0
    show_facets = ShowFacets.NEVER
    ordering = ("-pk",)
    sortable_by: Sequence[str] | None = ()

    # --- rows ---------------------------------------------------------------------------------------

    def rows(self, user: Any) -> QuerySet:
        """The rows this person may see."""
        everything = self.model._default_manager.all()
        if not self.scoped_through:
            return everything.visible_to(user)
        related = self.model._meta.get_field(self.scoped_through).related_model
        every = related._default_manager.all()
        seen = every.visible_to(user)
        return (
            everything
            if seen is every
            else everything.filter(**{f"{self.scoped_through}__in": seen.values("pk")})
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """The rows this person may see, in the list's order."""
        rows = self.rows(request.user)
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> models.Model | None:
        """One row with everything its page names, in one query."""
        queryset = self.get_queryset(request)
        named = [f.name for f in self.opts.concrete_fields if f.many_to_one or f.one_to_one]
        field = self.opts.get_field(from_field) if from_field else self.opts.pk
        try:
            key = field.to_python(object_id)
            return queryset.select_related(*named).filter(**{field.name: key}).first()
        except (ValidationError, ValueError, OverflowError):
            return None

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """A foreign row answers exactly like an absent one."""
        raise Http404

    # --- doors --------------------------------------------------------------------------------------

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether one of today's posts opens the table and lets any row of it be seen; asked once per request.

        Django asks it of every table on every page, several times.
        """
        answers = request.__dict__.setdefault(_ANSWERS, {})
        key = ("opens", type(self))
        if key not in answers:
            user: Any = request.user
            may = any(user.can(permission) for permission in self.view_permissions)
            answers[key] = may and not _blind(self.rows(user))
        return bool(answers[key])

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The index shows what can be opened."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody writes here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody writes here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody writes here."""
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Every field of the row but those that must stay hidden."""
        if self.fields:
            return list(self.fields)
        hidden = {*self.hidden, "id"}
        plain = [
            f.name
            for f in self.opts.concrete_fields
            if f.name not in hidden and not isinstance(f, models.FileField)
        ]
        return plain + [f.name for f in self.opts.many_to_many if f.name not in hidden]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """All of them."""
        return list(dict.fromkeys([*self.readonly_fields, *self.get_fields(request, obj)]))

    # --- lists --------------------------------------------------------------------------------------

    def get_list_select_related(self, request: HttpRequest) -> Any:
        """Join what the list names, so that its cost does not depend on its length."""
        if self.list_select_related:
            return self.list_select_related
        shown = {name for name in self.get_list_display(request) if isinstance(name, str)}
        joined = [f.name for f in self.opts.concrete_fields if f.many_to_one and f.name in shown]
        return joined or False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer and accept only rows of the other table that this person may see."""
        other = self.admin_site._registry.get(db_field.remote_field.model)
        if isinstance(other, ScopedAdmin):
            kwargs.setdefault("queryset", other.get_queryset(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The same for sets of rows."""
        other = self.admin_site._registry.get(db_field.remote_field.model)
        if isinstance(other, ScopedAdmin):
            kwargs.setdefault("queryset", other.get_queryset(request))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    # --- the trail is the only log ------------------------------------------------------------------

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What the trail knows of this row; only for those who may read the trail."""
        user: Any = request.user
        if not user.can(Permission.VIEW_TRAIL):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        address = reverse("admin:records_auditevent_changelist", current_app=self.admin_site.name)
        return HttpResponseRedirect(
            f"{address}?target_type__exact={self.opts.label_lower}&target_id__exact={row.pk}"
        )

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The service has written its event; the admin keeps no second log."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """See ``log_addition``."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """See ``log_addition``."""

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> list[Any]:
        """See ``log_addition``."""
        return []

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """The page of one row; it offers the trail to those who may read it."""
        user: Any = request.user
        context = {"may_read_trail": user.can(Permission.VIEW_TRAIL), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)


class EditedAdmin(ScopedAdmin):
    """A table that can be written through its services.

    ``write`` calls the service; whatever of ``refusals`` it raises becomes an error of the form. ``on_change`` names the
    fields that a stored row still lets change (all of ``fields`` unless given).
    """

    form = SeenForm
    change_permissions: ClassVar[Sequence[Permission]] = ()
    refusals: ClassVar[tuple[type[Exception], ...]] = (RowRefused,)
    can_add: ClassVar[bool] = True
    on_change: ClassVar[Sequence[str] | None] = None
    shown_after: ClassVar[Sequence[str]] = ()
    save_as = False

    # --- to be answered by each table ---------------------------------------------------------------

    def write(
        self,
        request: HttpRequest,
        row: Any,
        values: dict[str, Any],
        lines: dict[str, list[dict[str, Any]]],
        seen: str,
    ) -> models.Model:
        """Save through the service; ``lines`` are the rows typed below it, by related name."""
        raise NotImplementedError

    def remove(self, request: HttpRequest, row: Any) -> None:
        """Take out through the service."""
        raise NotImplementedError

    def editable(self, request: HttpRequest, row: Any) -> bool:
        """Whether this stored row may still be changed."""
        return True

    def removable(self, request: HttpRequest, row: Any) -> bool:
        """Whether a service allows this row to be taken out."""
        return False

    def seen_of(self, row: Any, names: list[str]) -> str:
        """The mark of what somebody sees when the form opens."""
        return row_digest(row, names)

    def refusal_words(self, refusal: Exception) -> str:
        """A refusal as the form says it."""
        return str(refusal)

    # --- doors --------------------------------------------------------------------------------------

    def _may_write(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return any(
            user.can(permission) for permission in self.change_permissions
        ) and self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether one of today's posts may enter rows."""
        return self.can_add and self._may_write(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether one of today's posts may change this row."""
        return self._may_write(request) and (obj is None or self._once(request, "editable", obj))

    def _once(self, request: HttpRequest, question: str, row: Any) -> bool:
        """Ask ``editable`` or ``removable`` once per request: Django asks for every line of a page."""
        answers = request.__dict__.setdefault(_ANSWERS, {})
        key = (question, self.opts.label, row.pk)
        if key not in answers:
            answers[key] = getattr(self, question)(request, row)
        return answers[key]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether a service allows this row to be taken out."""
        return obj is not None and self._may_write(request) and self._once(request, "removable", obj)

    # --- the form -----------------------------------------------------------------------------------

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """What is typed; of a stored row also what the portal keeps, and the mark of what was seen."""
        if obj is None:
            return list(self.fields or ())
        shown = [*(self.fields or ()), *self.shown_after]
        return [*shown, SEEN] if self.has_change_permission(request, obj) else shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """What a stored row does not let change."""
        if obj is None:
            return list(self.readonly_fields)
        names = [name for name in self.get_fields(request, obj) if name != SEEN]
        if not self.has_change_permission(request, obj):
            return names
        open_fields = self.on_change if self.on_change is not None else list(self.fields or ())
        return [name for name in names if name not in open_fields or name in self.readonly_fields]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form with what this request knows: the mark's maker and the sentence of a refusal."""
        made = super().get_form(request, obj, change=change, **kwargs)
        stored = [f.name for f in self.opts.concrete_fields]
        told = getattr(request, _REFUSAL, "")
        meta = type("Meta", (made.Meta,), {"model_fields": stored})
        return type(made.__name__, (made,), {"Meta": meta, "refusal": told, "admin_of_form": self})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Save, or show the form again with the sentence of the service that refused; nothing is half saved."""
        try:
            with transaction.atomic():
                return super().changeform_view(request, object_id, form_url, extra_context)
        except self.refusals as refusal:
            setattr(request, _REFUSAL, self.refusal_words(refusal))
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Saving happens in ``save_related``, when what was typed below the row is known too."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Hand everything that was typed to the service and take over what it saved."""
        values = dict(form.cleaned_data)
        seen = values.pop(SEEN, "")
        lines = {self._related_name(formset): _typed_lines(formset) for formset in formsets}
        saved = self.write(request, form.instance, values, lines, seen)
        form.instance.__dict__.update(saved.__dict__)

    @staticmethod
    def _related_name(formset: Any) -> str:
        return str(formset.fk.remote_field.related_name)

    # --- taking out ---------------------------------------------------------------------------------

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Only the row itself is named: its service decides about what belongs to it."""
        return [str(obj) for obj in objs], {str(self.opts.verbose_name_plural): len(objs)}, set(), []

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Take out, or go back to the row with the service's sentence."""
        try:
            with transaction.atomic():
                return super().delete_view(request, object_id, extra_context)
        except self.refusals as refusal:
            messages.error(request, self.refusal_words(refusal))
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(name, args=(object_id,), current_app=self.admin_site.name))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Take out through the service."""
        self.remove(request, obj)


class ScopedLines(admin.TabularInline):
    """Rows that belong to the row of the page; they are written with it, by its service."""

    extra = 0
    can_delete = True
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """With everything the lines name, in one query."""
        named = [f.name for f in self.opts.concrete_fields if f.many_to_one]
        return super().get_queryset(request).select_related(*named)

    def _owner_writes(self, request: HttpRequest, obj: Any) -> bool:
        owner = self.admin_site._registry[self.parent_model]
        return owner.has_add_permission(request) if obj is None else owner.has_change_permission(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the row sees what belongs to it."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may write the row."""
        return self._owner_writes(request, obj)

    has_change_permission = has_add_permission
    has_delete_permission = has_add_permission

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer and accept only rows of the other table that this person may see."""
        other = self.admin_site._registry.get(db_field.remote_field.model)
        if isinstance(other, ScopedAdmin):
            kwargs.setdefault("queryset", other.get_queryset(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def _typed_lines(formset: Any) -> list[dict[str, Any]]:
    """The rows of a formset as typed: without the empty ones, the ones to be deleted, and their keys."""
    typed = []
    for form in formset.forms:
        values = getattr(form, "cleaned_data", None)
        if not values or values.get("DELETE") or (form.instance._state.adding and not form.has_changed()):
            continue
        own = {formset.fk.name, "DELETE"}
        names = {
            f.name for f in form.instance._meta.concrete_fields if not getattr(f, "auto_created", False)
        } - own
        line = {name: value for name, value in values.items() if name in names}
        typed.append(
            {name: line.get(name, getattr(form.instance, name)) for name in form.fields if name in names}
        )
    return typed


def _blind(rows: QuerySet) -> bool:
    """Whether these rows are none by construction: no post lets this person see any."""
    try:
        rows.query.sql_with_params()
    except EmptyResultSet:
        return True
    return False


__all__ = [
    "CappedPaginator",
    "EditedAdmin",
    "ScopedAdmin",
    "ScopedLines",
    "SeenForm",
]
