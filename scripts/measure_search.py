"""Measure the one search on the database at hand: twenty runs for each word, in milliseconds of the clock and of the processor."""

from __future__ import annotations

import argparse
import os
import time

import django

WORDS = ("实验小学", "市场", "nhq", "王", "人民街道", "留样", "JY1")
RUNS = 20


def main() -> None:
    """Print one line for each word; the person is the one named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--user", default="campaign_office")
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "foodsafe_portal.settings")
    django.setup()
    from accounts.models import User
    from campaigns.reports.search import search_everything
    from entities.models import Business

    print(f"{Business.objects.count():,} businesses")
    for word in WORDS:
        spent, worked = [], []
        for _ in range(RUNS):
            user = User.objects.get(username=asked.user)
            start, began = time.perf_counter(), time.process_time()
            groups = search_everything(user, word)
            spent.append((time.perf_counter() - start) * 1000)
            worked.append((time.process_time() - began) * 1000)
        spent.sort()
        worked.sort()
        hits = sum(len(group.hits) for group in groups)
        print(f"{word}: median {spent[RUNS // 2]:.1f} ms (processor {worked[RUNS // 2]:.1f} ms), {hits} hits")


if __name__ == "__main__":
    main()
