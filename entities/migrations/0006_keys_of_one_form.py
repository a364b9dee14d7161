"""Brings what businesses and officers are recognised by to the one normal form: nothing invisible, one sign for one sign."""

from django.db import migrations
from django.db.models import Q

from entities.rules.matching import match_key, officer_key
from foodsafe_portal.lib.intake.several import one_name
from foodsafe_portal.lib.typography import narrow, without_invisible

_BATCH = 2_000
_IDENTITY = ("name", "credit_code", "licence_no", "premises_address")
_NUMBERS = ("credit_code", "licence_no")


def _mended(row, texts, numbers):
    """The fields of a row without what nobody sees."""
    found = {name: without_invisible(getattr(row, name)) for name in texts}
    return found | {name: narrow(getattr(row, name)) for name in numbers if not getattr(row, name).isascii()}


def _in_pieces(rows):
    piece = []
    for row in rows.order_by("pk").iterator(chunk_size=_BATCH):
        piece.append(row)
        if len(piece) == _BATCH:
            yield piece
            piece = []
    yield piece


def _renew(model, rows, fields, key_of, *, unique):
    """Write the rows whose fields or key change. A key that another row holds already stays: these two are a pair to look at."""
    clashes = []
    for piece in _in_pieces(rows):
        changed = {}
        for row in piece:
            wanted = fields(row)
            key = key_of(row, wanted)
            if key != row.match_key or any(getattr(row, name) != value for name, value in wanted.items()):
                for name, value in wanted.items():
                    setattr(row, name, value)
                changed[row.pk] = (row, key)
        keys = {key for _row, key in changed.values()}
        held = dict(model.objects.filter(match_key__in=keys).values_list("match_key", "pk")) if unique else {}
        for row, key in changed.values():
            holder = held.setdefault(key, row.pk) if unique else row.pk
            if holder == row.pk:
                row.match_key = key
            else:
                clashes.append((holder, row))
        model.objects.bulk_update(
            [row for row, _key in changed.values()],
            ["match_key", *(fields(piece[0]) if piece else ())],
        )
    return clashes


def renew_keys(apps, schema_editor):
    Business = apps.get_model("entities", "Business")
    Officer = apps.get_model("entities", "Officer")
    Former = apps.get_model("entities", "FormerIdentity")
    Pair = apps.get_model("entities", "DuplicatePair")

    def identity(row):
        found = dict.fromkeys(_IDENTITY, "") | _mended(row, ("name", "premises_address"), _NUMBERS)
        return {name: found[name] or getattr(row, name) for name in _IDENTITY}

    def natural(row, wanted):
        return match_key(**wanted)

    standing = Business.objects.filter(merged_into__isnull=True)
    clashes = _renew(Business, standing, identity, natural, unique=True)
    known = Q(match_key__startswith="L:") | Q(match_key__startswith="C:") | Q(match_key__startswith="N:")
    _renew(Former, Former.objects.filter(known), identity, natural, unique=False)

    def person(row):
        return {"name": one_name(without_invisible(row.name)), "unit_name": without_invisible(row.unit_name)}

    def person_key(row, wanted):
        return officer_key(**wanted, phone=row.phone, region=row.region_id)

    _renew(Officer, Officer.objects.all(), person, person_key, unique=True)
    for holder, row in clashes:
        if len(row.region_id) >= 9:
            Pair.objects.get_or_create(
                first_id=min(holder, row.pk),
                second_id=max(holder, row.pk),
                defaults={"region_id": row.region_id[:9], "likeness": 100, "found_at": row.updated_at},
            )


class Migration(migrations.Migration):
    dependencies = [("entities", "0005_what_mergers_fill")]

    operations = [migrations.RunPython(renew_keys, migrations.RunPython.noop)]
