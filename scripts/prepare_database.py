"""Bring the database to the newest tables and, on an empty one, load the demonstration city; run inside .venv."""

from __future__ import annotations

import os

import django
from django.contrib.auth import get_user_model
from django.core.management import call_command


def main() -> None:
    """Migrate, then load the city unless DEMO says no; both do nothing when they are done already."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "foodsafe_portal.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    if os.environ.get("DEMO", "yes").lower() not in {"no", "0", "false", "off"}:
        if not get_user_model().objects.exists():
            print("Loading the demonstration city; this takes about a minute.", flush=True)
        call_command("demo_city", if_needed=True)


if __name__ == "__main__":
    main()
