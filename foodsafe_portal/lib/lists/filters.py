"""The filters of a list: one django-filter declaration that the page shows as chips, and page, export and API obey."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Final

import django_filters
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foodsafe_portal.lib.formats import full_day
from foodsafe_portal.lib.lists.address import LONGEST, Chip
from foodsafe_portal.lib.scope import in_territory

if TYPE_CHECKING:
    from foodsafe_portal.lib.lists.asked import Asked
    from foodsafe_portal.lib.lists.listing import Listing

OFFERED: Final = "offered"  # a menu of its options, and a chip while it is set
TOLD: Final = "told"  # came by a link: a chip while it is set
ELSEWHERE: Final = "elsewhere"  # the page shows it in its own way: the search box, a tab

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)

Narrow = Callable[[QuerySet, Any, "Asked"], QuerySet]
Absent = Callable[[QuerySet, "Asked"], QuerySet]
Options = Callable[["Asked"], Iterable[tuple[Any, Any]]]


class ListFilter(django_filters.Filter):
    """One condition of a list.

    ``narrow(rows, value, asked)`` keeps the rows; without it ``field_name`` is compared. ``absent(rows, asked)`` is what holds
    while the address does not say. ``chip`` tells how the page shows it.
    """

    parent: ListFilters

    def __init__(
        self,
        *,
        label: Any,
        chip: str = OFFERED,
        narrow: Narrow | None = None,
        absent: Absent | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(label=label, **kwargs)
        self.chip, self.narrow, self.absent = chip, narrow, absent

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """Narrow to the value; nothing asked keeps every row."""
        if value in (None, ""):
            return qs
        if self.narrow is not None:
            return self.narrow(qs, value, self.parent.asked)
        return super().filter(qs, value)

    def read(self, text: str) -> Any:
        """The value of a word that the list itself wrote into an address."""
        return text

    def words(self, value: Any, asked: Asked) -> Any:
        """The value as a chip and the cover of an export name it."""
        return value

    def options(self, asked: Asked) -> Sequence[tuple[str, Any]]:
        """What the page offers: the value in the address and its words."""
        return ()

    def chips(self, name: str, value: Any, asked: Asked) -> list[Chip]:
        """The filter as it stands on the page."""
        address = asked.address
        if value not in (None, ""):
            return [Chip(self.label, self.words(value, asked), remove_url=address.url(**{name: None}))]
        offered = [(words, address.url(**{name: code})) for code, words in self.options(asked)]
        return [Chip(self.label, _("全部"), options=offered)] if offered and self.chip == OFFERED else []


class Choice(ListFilter, django_filters.ChoiceFilter):
    """One of several words. ``offered`` are those the page offers, all of ``choices`` unless it says."""

    def __init__(
        self, *, choices: Sequence[tuple[Any, Any]], offered: Options | None = None, **kwargs: Any
    ) -> None:
        self.choices, self.offered = [(str(code), words) for code, words in choices], offered
        super().__init__(choices=choices, **kwargs)

    def words(self, value: Any, asked: Asked) -> Any:
        """The word of a choice."""
        return dict(self.choices).get(str(value), value)

    def options(self, asked: Asked) -> Sequence[tuple[str, Any]]:
        """The choices."""
        return [(str(code), words) for code, words in (self.offered(asked) if self.offered else self.choices)]


YES_AND_NO: Final = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}


class _YesWidget(django_filters.widgets.BooleanWidget):
    """Yes in an address is 1, yes or true; no is 0, no or false."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """True, False or not asked."""
        return YES_AND_NO.get(str(data.get(name) or "").lower())


class Yes(ListFilter, django_filters.BooleanFilter):
    """A yes-or-no question: ``yes`` and ``no`` are its words, of which the page offers the ones that are said."""

    def __init__(self, *, yes: Any, no: Any = "", **kwargs: Any) -> None:
        self.yes, self.no = yes, no
        super().__init__(widget=_YesWidget, **kwargs)

    def read(self, text: str) -> Any:
        """True or False."""
        return YES_AND_NO[text]

    def words(self, value: Any, asked: Asked) -> Any:
        """The word of the answer."""
        return self.yes if value else self.no or _("否")

    def options(self, asked: Asked) -> Sequence[tuple[str, Any]]:
        """The answers."""
        return [("yes", self.yes), *([("no", self.no)] if self.no else [])]


class Key(ListFilter, django_filters.NumberFilter):
    """A row of another list by its number; ``named(user, key)`` gives its name, if this person may read it."""

    def __init__(self, *, named: Callable[[Any, int], Any] | None = None, **kwargs: Any) -> None:
        self.named = named
        super().__init__(**{"chip": TOLD, "min_value": 1, "max_value": 2**53, "decimal_places": 0, **kwargs})

    def words(self, value: Any, asked: Asked) -> Any:
        """The name, else the number."""
        return (self.named(asked.user, int(value)) if self.named else None) or int(value)


class Word(ListFilter, django_filters.CharFilter):
    """A word that must be met exactly as the field says, or as ``narrow`` reads it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"chip": TOLD, "max_length": LONGEST, **kwargs})


class Search(Word):
    """The search box: ``fields`` are lookups of which one must hold, unless ``narrow`` reads the words."""

    def __init__(self, *, fields: Sequence[str] = (), **kwargs: Any) -> None:
        self.fields = fields
        super().__init__(**{"chip": ELSEWHERE, "label": gettext_lazy("搜索"), **kwargs})

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """Rows in which any field holds the words."""
        if not value or self.narrow is not None:
            return super().filter(qs, value)
        said = Q()
        for lookup in self.fields:
            said |= Q(**{lookup: value})
        return qs.filter(said)


class Day(ListFilter, django_filters.DateFilter):
    """A day such as 2026-11-16, between 2000 and 2100."""

    def __init__(self, **kwargs: Any) -> None:
        limits = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
        super().__init__(**{"chip": TOLD, "validators": limits, **kwargs})

    def words(self, value: Any, asked: Asked) -> Any:
        """The day in figures."""
        return full_day(value)


class Territory(ListFilter, django_filters.CharFilter):
    """Rows of a region and everything below it, by its code. The rooms' own one also offers the places by name."""

    def __init__(self, path: str = "region_id", **kwargs: Any) -> None:
        self.path = path
        digits = RegexValidator(r"\A[0-9]{2,12}\Z", gettext_lazy("区划代码是 2 至 12 位数字。"))
        label = gettext_lazy("地区（区划代码，含下级）")
        super().__init__(**{"label": label, "validators": [digits], **kwargs})

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        """Narrow to the region."""
        return qs.filter(in_territory(value, self.path)) if value else qs


class ListFilters(django_filters.FilterSet):
    """All filters of one list. A page leaves out what makes no sense, the API refuses it by name."""

    listing: ClassVar[Listing]

    def __init__(
        self,
        data: Any = None,
        queryset: QuerySet | None = None,
        *,
        request: Any = None,
        prefix: str | None = None,
        asked: Asked | None = None,
    ) -> None:
        model = self.listing.model
        super().__init__(
            data, model._default_manager.none() if queryset is None else queryset, request=request
        )
        self._asked = asked

    @property
    def asked(self) -> Asked:
        """The question these filters are part of."""
        if self._asked is None:
            self._asked = self.listing.asked(self.request.user, self.data, timezone.localdate(), filters=self)
        return self._asked

    def values(self) -> dict[str, Any]:
        """What the address asks for, as the filters read it; what makes no sense is not asked."""
        self.form.is_valid()
        given = self.form.cleaned_data
        return {name: given[name] for name in self.filters if given.get(name) not in (None, "")}

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """The rows of the list among ``queryset``."""
        return self.listing.narrowed(self.asked, queryset)
