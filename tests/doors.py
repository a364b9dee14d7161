"""The declared answer of every address: which methods, which permissions, whose object. ``test_doors`` walks it."""

from __future__ import annotations

from dataclasses import dataclass, field

from accounts.rules.rights import Lens, Role
from foodsafe_portal.lib.permissions import Permission as P

GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")
EVERY = (
    "GET",
    "POST",
    "PUT",
    "DELETE",
)  # the library sends people who are in on their way, whatever they ask
ANYBODY: tuple[P, ...] = ()


@dataclass(frozen=True, slots=True)
class Door:
    """One address. ``needs``: any of these permissions; ``None`` = also strangers. ``what``: the object in the address.

    ``resource`` is the line of the rights table through which the object is seen; ``owners`` are the roles whose own the
    test's object is (lens OWN); ``answers`` are roles with another answer than the tables give, each with its reason.
    """

    methods: tuple[str, ...]
    needs: tuple[P, ...] | None
    what: str = ""
    resource: str = ""
    owners: frozenset[Role] = frozenset()
    answers: dict[Role, int] = field(default_factory=dict)
    anonymous: int = 302


OFFICER = frozenset({Role.OFFICER})
NONE: frozenset[Role] = frozenset()
LEDGERS = {"what": "batch", "resource": "batch"}
PROBLEM = {"what": "problem", "resource": "problem", "owners": OFFICER}
BUSINESS = {"what": "business", "resource": "business", "owners": OFFICER}
# A person with the right to import sees the slips' page only for a role that imports accounts.
NO_ACCOUNTS_LEDGER = dict.fromkeys(
    (
        Role.COUNTY_LIAISON,
        Role.TOWNSHIP_LIAISON,
        Role.UNIT_LIAISON,
        Role.REGULATOR,
        Role.SUPERVISION_TEAM,
        Role.ASSESSOR,
    ),
    403,
)

DOORS: dict[str, Door] = {
    "home": Door(GET, ANYBODY),
    "healthz": Door(GET, None),
    "readyz": Door(GET, None),
    "metrics": Door(GET, None),
    "account_login": Door(EVERY, None),
    "account_logout": Door(BOTH, ANYBODY),
    "account_change_password": Door((*BOTH, "PUT"), ANYBODY),
    "set_language": Door(POST, None),
    # --- records
    "ledger-home": Door(GET, (P.VIEW_LEDGERS,)),
    "ledger-upload": Door(POST, (P.IMPORT_LEDGER,)),
    "ledger-template": Door(
        GET,
        (P.IMPORT_LEDGER,),
        answers=dict.fromkeys(
            (Role.UNIT_LIAISON, Role.REGULATOR, Role.SUPERVISION_TEAM, Role.ASSESSOR, Role.SYSTEM_ADMIN), 404
        ),
    ),
    "ledger-batch": Door(GET, (P.VIEW_LEDGERS,), **LEDGERS),
    "ledger-confirm": Door(POST, (P.IMPORT_LEDGER,), **LEDGERS),
    "ledger-abandon": Door(POST, (P.IMPORT_LEDGER,), **LEDGERS),
    "ledger-recheck": Door(POST, (P.IMPORT_LEDGER,), **LEDGERS),
    "ledger-choose": Door(POST, (P.IMPORT_LEDGER,), **LEDGERS),
    "ledger-forget": Door(POST, (P.IMPORT_LEDGER,), **LEDGERS),
    "ledger-stop": Door(POST, (P.IMPORT_LEDGER,), **LEDGERS),
    "ledger-approve": Door(POST, (P.IMPORT_LEDGER,), **LEDGERS),
    "ledger-decline": Door(POST, (P.IMPORT_LEDGER,), **LEDGERS),
    "ledger-undo": Door(POST, (P.IMPORT_LEDGER,), **LEDGERS),
    "ledger-undo-approve": Door(POST, (P.IMPORT_LEDGER,), **LEDGERS),
    "ledger-undo-decline": Door(POST, (P.IMPORT_LEDGER,), **LEDGERS),
    "ledger-marked": Door(GET, (P.VIEW_LEDGERS,), **LEDGERS),
    "ledger-original": Door(GET, (P.VIEW_LEDGERS,), **LEDGERS),
    "ledger-missing": Door(GET, (P.VIEW_LEDGERS,), **LEDGERS),
    "trail": Door(GET, (P.VIEW_TRAIL,)),
    "trail-event": Door(GET, (P.VIEW_TRAIL,), "event", "trail"),
    "trail-verify": Door(POST, (P.VIEW_TRAIL,)),
    "job-list": Door(GET, (P.VIEW_JOBS,)),
    "job-detail": Door(GET, (P.VIEW_JOBS, P.IMPORT_LEDGER, P.CLOSE_WEEK, P.EXPORT), "job", "job"),
    "job-cancel": Door(POST, (P.VIEW_JOBS, P.IMPORT_LEDGER, P.CLOSE_WEEK, P.EXPORT), "job", "job"),
    # --- accounts
    "account-list": Door(GET, (P.VIEW_ACCOUNTS,)),
    "account-new": Door(BOTH, (P.MANAGE_ACCOUNTS,)),
    "account-slips": Door(BOTH, (P.IMPORT_LEDGER,), answers=NO_ACCOUNTS_LEDGER),
    "account-detail": Door(GET, (P.VIEW_ACCOUNTS,), "user", "user"),
    "account-update": Door(POST, (P.MANAGE_ACCOUNTS,), "user", "user"),
    "account-reset": Door(POST, (P.MANAGE_ACCOUNTS,), "user", "user"),
    "account-switch": Door(POST, (P.MANAGE_ACCOUNTS,), "user", "user"),
    "post-give": Door(POST, (P.MANAGE_POSTS,), "user", "user"),
    "post-end": Door(POST, (P.MANAGE_POSTS,), "post", "post"),
    # --- entities
    "business-list": Door(GET, (P.VIEW_BUSINESSES,)),
    "business-export": Door(GET, (P.VIEW_BUSINESSES,), answers={Role.OFFICER: 403}),
    "business-new": Door(BOTH, (P.EDIT_BUSINESS,)),
    "business-detail": Door(GET, (P.VIEW_BUSINESSES,), **BUSINESS),
    "business-edit": Door(BOTH, (P.EDIT_BUSINESS,), **BUSINESS),
    "business-status": Door(BOTH, (P.PROPOSE_STATUS,), **BUSINESS),
    "business-grade": Door(BOTH, (P.EDIT_BUSINESS, P.REVIEW_STATUS), **BUSINESS),
    "business-assign": Door(BOTH, (P.EDIT_ASSIGNMENT,), **BUSINESS),
    "assignment-end": Door(BOTH, (P.EDIT_ASSIGNMENT,), "assignment", "assignment"),
    "officer-list": Door(GET, (P.VIEW_OFFICERS,)),
    "officer-export": Door(GET, (P.VIEW_OFFICERS,)),
    "officer-detail": Door(GET, (P.VIEW_OFFICERS,), "officer", "officer"),
    "pledge-sign": Door(POST, (P.EDIT_ASSIGNMENT,), "officer", "officer"),
    "change-list": Door(GET, (P.REVIEW_STATUS,)),
    "status-change-review": Door(POST, (P.REVIEW_STATUS,), "status_change", "status_change"),
    "grade-change-review": Door(POST, (P.REVIEW_STATUS,), "grade_change", "grade_change"),
    "duplicate-list": Door(GET, (P.REVIEW_DUPLICATES,)),
    "duplicate-export": Door(GET, (P.REVIEW_DUPLICATES,)),
    "duplicate-seek": Door(POST, (P.REVIEW_DUPLICATES,)),
    "duplicate-detail": Door(GET, (P.REVIEW_DUPLICATES,), "duplicate", "duplicate"),
    "duplicate-merge": Door(POST, (P.REVIEW_DUPLICATES,), "duplicate", "duplicate"),
    "duplicate-apart": Door(POST, (P.REVIEW_DUPLICATES,), "duplicate", "duplicate"),
    "duplicate-withdraw": Door(POST, (P.REVIEW_DUPLICATES,), "duplicate", "duplicate"),
    # --- inspections
    "my-visits": Door(GET, (P.MY_VISITS,)),
    "visit-quick": Door(POST, (P.RECORD_VISIT,), **BUSINESS),
    "visit-new": Door(BOTH, (P.RECORD_VISIT,), **BUSINESS),
    "visit-list": Door(GET, (P.VIEW_VISITS,)),
    "visit-export": Door(GET, (P.VIEW_VISITS,), answers={Role.OFFICER: 403}),
    "visit-detail": Door(GET, (P.VIEW_VISITS,), "visit", "visit", OFFICER),
    "visit-void": Door(POST, (P.RECORD_VISIT,), "visit", "visit", OFFICER),
    "duty-list": Door(GET, (P.VIEW_VISITS,)),
    "duty-export": Door(GET, (P.VIEW_VISITS,), answers={Role.OFFICER: 403}),
    "problem-list": Door(GET, (P.VIEW_PROBLEMS,)),
    "problem-new": Door(BOTH, (P.CREATE_PROBLEM,)),
    "problem-export": Door(GET, (P.VIEW_PROBLEMS,), answers={Role.OFFICER: 403, Role.ASSESSOR: 403}),
    "problem-detail": Door(GET, (P.VIEW_PROBLEMS,), **PROBLEM),
    "problem-sign": Door(POST, (P.RECTIFY_PROBLEM,), **PROBLEM),
    "problem-plan": Door(POST, (P.RECTIFY_PROBLEM,), **PROBLEM),
    "problem-submit": Door(POST, (P.RECTIFY_PROBLEM,), **PROBLEM),
    "problem-check": Door(POST, (P.FIRST_CHECK,), **PROBLEM),
    "problem-verify": Door(POST, (P.SECOND_CHECK,), **PROBLEM),
    "problem-extend": Door(POST, (P.RECTIFY_PROBLEM,), **PROBLEM),
    "problem-extension": Door(POST, (P.APPROVE_EXTENSION,), **PROBLEM),
    "problem-transfer": Door(POST, (P.FIRST_CHECK,), **PROBLEM),
    "problem-refer": Door(POST, (P.REFER_PROBLEM,), **PROBLEM),
    "problem-referral": Door(POST, (P.RECORD_REFERRAL,), **PROBLEM),
    "problem-revisit": Door(POST, (P.REVISIT_PROBLEM,), **PROBLEM),
    "problem-void": Door(POST, (P.CREATE_PROBLEM,), **PROBLEM),
    "evidence-file": Door(
        GET, (P.VIEW_PROBLEMS, P.VIEW_VISITS, P.VIEW_BUSINESSES, P.VIEW_TASKS), "evidence", "problem", OFFICER
    ),
    # --- campaigns
    "dashboard": Door(GET, (P.VIEW_DASHBOARD,)),
    "figure-list": Door(GET, (P.VIEW_DASHBOARD,), "figure", "figure", answers={Role.UNIT_LIAISON: 403}),
    "figure-export": Door(
        GET, (P.VIEW_DASHBOARD,), answers=dict.fromkeys(Role, 404)
    ),  # an export of no figure is none
    "report-list": Door(GET, (P.VIEW_DASHBOARD,)),
    "report-export": Door(GET, (P.VIEW_DASHBOARD,)),
    "report-close": Door(POST, (P.CLOSE_WEEK,)),
    "report-closing": Door(GET, (P.CLOSE_WEEK,), "job", "job"),
    "report-detail": Door(GET, (P.VIEW_DASHBOARD,), "report", "report"),
    "report-figures": Door(GET, (P.VIEW_DASHBOARD,), "report", "report"),
    "report-publish": Door(POST, (P.PUBLISH_WEEK,), "report", "report"),
    "task-list": Door(GET, (P.VIEW_TASKS,)),
    "task-export": Door(
        GET,
        (P.EXPORT,),
        answers=dict.fromkeys(
            (Role.TOWNSHIP_LIAISON, Role.REGULATOR, Role.SUPERVISION_TEAM, Role.SYSTEM_ADMIN), 403
        ),
    ),
    "task-detail": Door(GET, (P.VIEW_TASKS,), "task", "task"),
    "task-claim": Door(POST, (P.REPORT_TASK,), "task", "task"),
    "task-report": Door(POST, (P.REPORT_TASK,), "task", "task"),
    "task-report-decide": Door(POST, (P.APPROVE_TASK,), "task_report", "task"),
    "clause-list": Door(GET, (P.VIEW_RULEBOOK,)),
    "reading-export": Door(
        GET,
        (P.EXPORT,),
        answers=dict.fromkeys((Role.REGULATOR, Role.SUPERVISION_TEAM, Role.SYSTEM_ADMIN), 403),
    ),
    "rulebook-export": Door(
        GET,
        (P.EXPORT,),
        answers=dict.fromkeys((Role.REGULATOR, Role.SUPERVISION_TEAM, Role.SYSTEM_ADMIN), 403),
    ),
    "reading-new": Door(
        POST, (P.ASSESS, P.MANAGE_RULEBOOK), "clause", "clause", answers={Role.ASSESSOR: 403}
    ),
    "assessment-detail": Door(
        GET, (P.ASSESS, P.MANAGE_RULEBOOK), "assessment", "assessment", frozenset({Role.ASSESSOR})
    ),
    "campaign-home": Door(GET, (P.VIEW_TASKS,)),
    "directive-new": Door(POST, (P.INSTRUCT,)),
    "review-move": Door(POST, (P.MOVE_REVIEW_DATE,)),
}

# Tables without a territory are the same for everybody who may read them at all: they have no foreign object.
SAME_FOR_ALL = frozenset({"clause"})
SEEING = frozenset({Lens.TERRITORY, Lens.BOTH, Lens.UNIT, Lens.AROUND, Lens.EVERY})

# The addresses of the Django admin: its frame, the five pages of every table, and import and export where they are opened.
# Who is let in where, and which rows are seen, stands in ``test_admin``; a table missing here fails the walk.
ADMIN_FRAME = frozenset(
    {
        "index",
        "login",
        "logout",
        "password_change",
        "password_change_done",
        "autocomplete",
        "jsi18n",
        "view_on_site",
        "app_list",
    }
)
ADMIN_PAGES = ("changelist", "add", "history", "delete", "change")
ADMIN_TABLES = {
    "records": (
        "auditevent auditlink evidencefile job pulse ledgerbatch ledgerrow approvalrule ownedcolumn "
        "ledgerhabit workyear workdayoverride"
    ),
    "accounts": ("region regionmerger regionterm unit user post signinattempt"),
    "entities": (
        "business businessmerger duplicatepair formeridentity statuschange gradechange officer "
        "assignment pledge"
    ),
    "inspections": (
        "visitduty rectificationduty visit problem problemevent extension referral revisit "
        "frequencypolicy deadlinepolicy checklist checklistitem"
    ),
    "campaigns": (
        "campaign leadinggroup workteam membership phase directive taskitem tasksupport taskreport "
        "rulebook clause assessment reading weeklyreport weeklyfigure"
    ),
}
ADMIN_TRANSFERS = {
    "records": ("workyear workdayoverride"),
    "accounts": ("region unit user post"),
    "entities": ("business officer assignment"),
    "inspections": ("visit problem"),
    "campaigns": ("taskitem rulebook reading"),
}
