"""What the accounts pages show, read in a fixed number of queries."""

from __future__ import annotations

from django.db.models import Prefetch, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from accounts.models import Post, User


def accounts_shown(user: User, params: QueryDict) -> QuerySet[User]:
    """The accounts this person may see, narrowed by the page's address (q, role, state)."""
    today = timezone.localdate()
    accounts = User.objects.visible_to(user)
    words = params.get("q", "").strip()
    if words:
        accounts = accounts.filter(
            Q(username__icontains=words) | Q(name__icontains=words) | Q(mobile__startswith=words)
        )
    if role := params.get("role", ""):
        accounts = accounts.filter(pk__in=Post.objects.held_on(today).filter(role=role).values("user_id"))
    if (state := params.get("state", "")) in {"on", "off"}:
        accounts = accounts.filter(is_active=state == "on")
    # A person with two posts in the territory is one account.
    accounts = User.objects.filter(pk__in=accounts.values("pk"))
    posts = Post.objects.held_on(today).select_related("region", "unit")
    return accounts.prefetch_related(Prefetch("posts", queryset=posts, to_attr="posts_now"))
