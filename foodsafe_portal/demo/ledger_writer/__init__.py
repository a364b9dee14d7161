"""Ledgers as a liaison could have sent them, with faults that are known: for trying out, for tests and for measuring."""

from __future__ import annotations

from collections.abc import Callable

from foodsafe_portal.demo.ledger_writer.accounts import write_accounts
from foodsafe_portal.demo.ledger_writer.businesses import write_businesses
from foodsafe_portal.demo.ledger_writer.draft import Desk, Draft
from foodsafe_portal.demo.ledger_writer.officers import write_officers
from foodsafe_portal.demo.ledger_writer.problems import write_problems
from foodsafe_portal.demo.ledger_writer.readings import write_readings
from foodsafe_portal.demo.ledger_writer.regions import write_regions
from foodsafe_portal.demo.ledger_writer.rulebook import write_rulebook
from foodsafe_portal.demo.ledger_writer.tasks import write_tasks
from foodsafe_portal.demo.ledger_writer.units import write_units
from foodsafe_portal.demo.ledger_writer.visits import write_visits
from foodsafe_portal.demo.ledger_writer.workdays import write_workdays

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
