"""Ledgers as a liaison could have sent them, with faults that are known: for trying out, for tests and for measuring."""

from __future__ import annotations

from collections.abc import Callable

from campaigns.ledger_writer.accounts import write_accounts
from campaigns.ledger_writer.businesses import write_businesses
from campaigns.ledger_writer.draft import Desk, Draft
from campaigns.ledger_writer.officers import write_officers
from campaigns.ledger_writer.problems import write_problems
from campaigns.ledger_writer.readings import write_readings
from campaigns.ledger_writer.regions import write_regions
from campaigns.ledger_writer.rulebook import write_rulebook
from campaigns.ledger_writer.tasks import write_tasks
from campaigns.ledger_writer.units import write_units
from campaigns.ledger_writer.visits import write_visits
from campaigns.ledger_writer.workdays import write_workdays

WRITERS: dict[str, Callable[[Desk, float], Draft]] = {
    "businesses": write_businesses,
    "officers": write_officers,
    "visits": write_visits,
    "problems": write_problems,
    "accounts": write_accounts,
    "units": write_units,
    "regions": write_regions,
    "workdays": write_workdays,
    "tasks": write_tasks,
    "readings": write_readings,
    "rulebook": write_rulebook,
}
