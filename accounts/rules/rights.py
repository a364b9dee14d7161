"""Who may see and do what: the twelve roles of the contract as two tables."""

from __future__ import annotations

from enum import StrEnum

from foodsafe_portal.lib.permissions import Permission


class Role(StrEnum):
    """The twelve roles; a post is (user, role, unit, territory, from, to)."""

    CAMPAIGN_OFFICE = "campaign_office"
    LEADER = "leader"
    COUNTY_LIAISON = "county_liaison"
    TOWNSHIP_LIAISON = "township_liaison"
    OFFICER = "officer"
    UNIT_LIAISON = "unit_liaison"
    REGULATOR = "regulator"
    SUPERVISION_TEAM = "supervision_team"
    ASSESSOR = "assessor"
    AUDITOR = "auditor"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"


# The three administrators exclude each other and every other post (GB/T 22239-2019 8.1.4: separation of duties).
EXCLUSIVE_ROLES = frozenset({Role.AUDITOR, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN})


class Lens(StrEnum):
    """How a post looks at the rows of a resource."""

    TERRITORY = "territory"  # by its region code prefix
    UNIT = "unit"  # by its unit's path prefix
    BOTH = "both"  # territory ∪ unit
    OWN = "own"  # its own rows
    AROUND = "around"  # its territory and everything above it (a campaign's head rows)
    EVERY = "every"


P = Permission
R = Role

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    R.CAMPAIGN_OFFICE: frozenset(P)
    - {P.VIEW_TRAIL, P.MANAGE_ACCOUNTS, P.MANAGE_POSTS, P.MANAGE_REGIONS, P.MY_VISITS, P.RECORD_REFERRAL}
    - {P.INSTRUCT, P.MOVE_REVIEW_DATE, P.REPORT_TASK, P.MANAGE_JOBS},
    R.LEADER: frozenset(
        {P.VIEW_DASHBOARD, P.VIEW_BUSINESSES, P.VIEW_OFFICERS, P.VIEW_VISITS, P.VIEW_PROBLEMS, P.VIEW_TASKS}
        | {P.VIEW_RULEBOOK, P.INSTRUCT, P.MOVE_REVIEW_DATE, P.EXPORT}
    ),
    R.COUNTY_LIAISON: frozenset(
        {
            P.VIEW_DASHBOARD,
            P.VIEW_BUSINESSES,
            P.EDIT_BUSINESS,
            P.PROPOSE_STATUS,
            P.REVIEW_DUPLICATES,
            P.VIEW_OFFICERS,
            P.EDIT_ASSIGNMENT,
        }
        | {P.VIEW_VISITS, P.RECORD_VISIT, P.VIEW_PROBLEMS, P.CREATE_PROBLEM, P.RECTIFY_PROBLEM, P.FIRST_CHECK}
        | {
            P.REFER_PROBLEM,
            P.VIEW_TASKS,
            P.REPORT_TASK,
            P.VIEW_RULEBOOK,
            P.VIEW_LEDGERS,
            P.IMPORT_LEDGER,
            P.EXPORT,
        }
    ),
    R.TOWNSHIP_LIAISON: frozenset(
        {
            P.VIEW_DASHBOARD,
            P.VIEW_BUSINESSES,
            P.EDIT_BUSINESS,
            P.PROPOSE_STATUS,
            P.VIEW_OFFICERS,
            P.EDIT_ASSIGNMENT,
        }
        | {P.VIEW_VISITS, P.RECORD_VISIT, P.VIEW_PROBLEMS, P.CREATE_PROBLEM, P.RECTIFY_PROBLEM}
        | {P.VIEW_RULEBOOK, P.VIEW_LEDGERS, P.IMPORT_LEDGER, P.EXPORT}
    ),
    R.OFFICER: frozenset(
        {P.MY_VISITS, P.VIEW_BUSINESSES, P.VIEW_VISITS, P.RECORD_VISIT, P.VIEW_PROBLEMS, P.CREATE_PROBLEM}
        | {P.RECTIFY_PROBLEM}
    ),
    R.UNIT_LIAISON: frozenset(
        {P.VIEW_DASHBOARD, P.VIEW_PROBLEMS, P.RECTIFY_PROBLEM, P.VIEW_TASKS, P.REPORT_TASK, P.VIEW_RULEBOOK}
        | {P.VIEW_LEDGERS, P.IMPORT_LEDGER, P.EXPORT}
    ),
    R.REGULATOR: frozenset(
        {
            P.VIEW_DASHBOARD,
            P.VIEW_BUSINESSES,
            P.PROPOSE_STATUS,
            P.REVIEW_STATUS,
            P.REVIEW_DUPLICATES,
            P.VIEW_OFFICERS,
            P.VIEW_VISITS,
        }
        | {P.VIEW_PROBLEMS, P.RECORD_REFERRAL, P.VIEW_LEDGERS, P.IMPORT_LEDGER, P.EXPORT}
    ),
    R.SUPERVISION_TEAM: frozenset(
        {
            P.VIEW_DASHBOARD,
            P.VIEW_BUSINESSES,
            P.VIEW_OFFICERS,
            P.VIEW_VISITS,
            P.VIEW_PROBLEMS,
            P.CREATE_PROBLEM,
        }
        | {P.SECOND_CHECK, P.REVISIT_PROBLEM, P.VIEW_LEDGERS, P.IMPORT_LEDGER, P.EXPORT}
    ),
    R.ASSESSOR: frozenset(
        {P.VIEW_RULEBOOK, P.ASSESS, P.VIEW_PROBLEMS, P.CREATE_PROBLEM, P.VIEW_LEDGERS, P.IMPORT_LEDGER}
    ),
    R.AUDITOR: frozenset(
        {P.VIEW_DASHBOARD, P.VIEW_BUSINESSES, P.VIEW_OFFICERS, P.VIEW_VISITS, P.VIEW_PROBLEMS, P.VIEW_TASKS}
        | {P.VIEW_RULEBOOK, P.VIEW_LEDGERS, P.VIEW_TRAIL, P.VIEW_ACCOUNTS, P.VIEW_JOBS, P.EXPORT, P.USE_ADMIN}
    ),
    R.SYSTEM_ADMIN: frozenset(
        {P.VIEW_ACCOUNTS, P.MANAGE_ACCOUNTS, P.MANAGE_REGIONS, P.VIEW_JOBS, P.VIEW_LEDGERS, P.IMPORT_LEDGER}
        | {P.USE_ADMIN, P.EXPORT, P.MANAGE_JOBS}
    ),
    R.SECURITY_ADMIN: frozenset({P.VIEW_ACCOUNTS, P.MANAGE_POSTS, P.USE_ADMIN}),
}

_TERRITORIAL = {
    "business",
    "officer",
    "assignment",
    "duty",
    "visit",
    "problem",
    "figure",
    "batch",
    "inspection",
    "site",
} | {"status_change", "grade_change", "duplicate", "reading"}
_HEAD = {"campaign", "report", "task", "clause", "rulebook", "assessment", "policy", "group"}
_PLACES = {"region", "unit"}


def _lenses(**groups: set[str]) -> dict[str, Lens]:
    return {resource: Lens(lens) for lens, resources in groups.items() for resource in resources}


# Which rows a role sees, resource by resource; a resource that is missing shows no rows. "draft_report" is a frozen week that
# has not been published: the office of a territory sees those of the campaigns in it, a county's office not the city's.
LENSES: dict[Role, dict[str, Lens]] = {
    R.CAMPAIGN_OFFICE: _lenses(territory=_TERRITORIAL, around=_HEAD | _PLACES, own={"job"})
    | {"user": Lens.TERRITORY, "draft_report": Lens.TERRITORY},
    R.LEADER: _lenses(territory=_TERRITORIAL, around=_HEAD | _PLACES, own={"job"}),
    R.COUNTY_LIAISON: _lenses(territory=_TERRITORIAL, around=_HEAD | _PLACES, own={"job"}),
    R.TOWNSHIP_LIAISON: _lenses(territory=_TERRITORIAL, around=_HEAD | _PLACES, own={"job"}),
    R.OFFICER: _lenses(
        own={"business", "officer", "assignment", "duty", "visit", "problem", "job", "batch"},
        around={"campaign", "policy", "region"},
    ),
    R.UNIT_LIAISON: _lenses(
        unit={"problem", "task", "reading", "clause"},
        own={"batch", "job"},
        around=(_HEAD - {"task"}) | _PLACES,
        territory={"figure"},
    ),
    R.REGULATOR: _lenses(
        territory=_TERRITORIAL, around={"campaign", "report", "policy"} | _PLACES, own={"job"}
    ),
    R.SUPERVISION_TEAM: _lenses(territory=_TERRITORIAL, around=_HEAD | _PLACES, own={"job"}),
    R.ASSESSOR: _lenses(
        own={"assessment", "problem", "batch", "job"}, around={"campaign", "rulebook", "clause", "region"}
    ),
    R.AUDITOR: _lenses(
        every=_TERRITORIAL | _HEAD | _PLACES | {"job", "trail", "user", "post", "draft_report"}
    ),
    R.SYSTEM_ADMIN: _lenses(every=_PLACES | {"user", "post", "job"}, own={"batch"}),
    R.SECURITY_ADMIN: _lenses(every=_PLACES | {"user", "post"}),
}

ALL_KINDS = frozenset(
    {
        "businesses",
        "officers",
        "visits",
        "problems",
        "readings",
        "tasks",
        "rulebook",
        "units",
        "regions",
        "accounts",
    }
    | {"workdays"}
)

# Which ledger kinds a role may import (contract, column "imports").
IMPORTS: dict[Role, frozenset[str]] = {
    R.CAMPAIGN_OFFICE: ALL_KINDS,
    R.COUNTY_LIAISON: frozenset({"businesses", "officers", "visits", "problems", "readings"}),
    R.TOWNSHIP_LIAISON: frozenset({"businesses", "officers", "visits"}),
    R.UNIT_LIAISON: frozenset({"readings", "tasks"}),
    R.REGULATOR: frozenset({"businesses"}),
    R.SUPERVISION_TEAM: frozenset({"problems"}),
    R.ASSESSOR: frozenset({"problems"}),
    R.SYSTEM_ADMIN: frozenset({"units", "regions", "accounts", "workdays"}),
}

# A role that sees only its own ledgers sees those of colleagues as well, to look at and to decide on: of the kinds it may import,
# sent in the same role from the same line of units or from the same territory. What other roles of a unit send is theirs: a
# county's readings are no unit's. An assessor's stay their own, because each of them was given another assessment.
LEDGERS_SHARED: dict[Role, Lens] = {R.UNIT_LIAISON: Lens.UNIT, R.SYSTEM_ADMIN: Lens.TERRITORY}
