"""What the registers tell the rooms above, so that they need to import none of them."""

from __future__ import annotations

from django.dispatch import Signal

# Sent with ``year`` (an int) and ``by`` inside the transaction that publishes a working calendar: due dates that were
# provisional because they touch that year can now be settled. A receiver that fails undoes the publication.
work_year_published = Signal()
