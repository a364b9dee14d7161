"""Turning today's posts into a condition on rows."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.rules.rights import LENSES, Lens, Role


@dataclass(frozen=True, slots=True)
class PostView:
    """One of today's posts: its role, territory (region code, '' = none) and unit (path, '' = none)."""

    role: Role
    region: str
    unit_path: str


@dataclass(frozen=True, slots=True)
class Grant:
    """One way in which a person may see rows of a resource."""

    lens: Lens
    region: str
    unit_path: str


def grants(posts: tuple[PostView, ...], resource: str) -> tuple[Grant, ...]:
    """The distinct grants that ``posts`` give for ``resource``, in a stable order; a wider territory swallows a narrower one."""
    found = {
        Grant(lens, post.region, post.unit_path)
        for post in posts
        if (lens := LENSES[post.role].get(resource)) is not None
    }
    wide = [
        grant for grant in found if grant.lens in {Lens.TERRITORY, Lens.AROUND, Lens.BOTH} and grant.region
    ]
    return tuple(
        sorted(
            (
                grant
                for grant in found
                if not any(
                    other is not grant
                    and other.lens == grant.lens
                    and other.unit_path == grant.unit_path
                    and grant.region.startswith(other.region)
                    and grant.region != other.region
                    for other in wide
                )
            ),
            key=lambda grant: (grant.lens, grant.region, grant.unit_path),
        )
    )


def ancestors(code: str) -> tuple[str, ...]:
    """The region codes above ``code``, widest first (2, 4, 6, 9 digits)."""
    return tuple(code[:digits] for digits in (2, 4, 6, 9) if digits < len(code))
