"""The declared answer of every operation of the API: who may ask, about whose object. ``tests/api/test_doors`` walks it."""

from __future__ import annotations

from dataclasses import dataclass

from foodsafe_portal.lib.permissions import Permission as P


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one address. ``needs``: any of these permissions, none for everybody who is signed in.

    ``what`` is the object in the address, ``resource`` the line of the rights table through which it is seen; without one
    it is public to whoever has the permission.
    """

    needs: tuple[P, ...] = ()
    what: str = ""
    resource: str = ""


def lists(name: str, needs: tuple[P, ...], what: str, resource: str) -> dict[tuple[str, str], Operation]:
    """A list and one of its rows."""
    return {
        ("GET", f"api-{name}-list"): Operation(needs),
        ("GET", f"api-{name}-detail"): Operation(needs, what, resource),
    }


def acts(name: str, what: str, resource: str, **needs: tuple[P, ...]) -> dict[tuple[str, str], Operation]:
    """What can be done to one row; an underscore stands for the hyphen of the address."""
    return {
        ("POST", f"api-{name}-{act.replace('_', '-')}"): Operation(needed, what, resource)
        for act, needed in needs.items()
    }


REVIEWS, IMPORTS, SEES_LEDGERS = (P.REVIEW_STATUS,), (P.IMPORT_LEDGER,), (P.VIEW_LEDGERS,)
HAS_JOBS = (P.VIEW_JOBS, P.IMPORT_LEDGER, P.CLOSE_WEEK, P.EXPORT)
BONDS = (P.VIEW_OFFICERS, P.VIEW_BUSINESSES)
FIXES, CHECKS = (P.RECTIFY_PROBLEM,), (P.FIRST_CHECK,)

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "api-me"): Operation(),
    ("GET", "api-schema"): Operation(),
    **lists("region", (), "township", "region"),
    **lists("unit", (), "unit", "unit"),
    **lists("business", (P.VIEW_BUSINESSES,), "business", "business"),
    ("POST", "api-business-list"): Operation((P.EDIT_BUSINESS,)),
    ("PATCH", "api-business-detail"): Operation((P.EDIT_BUSINESS,), "business", "business"),
    **acts(
        "business", "business", "business",
        status_changes=(P.PROPOSE_STATUS,), grade_changes=(P.EDIT_BUSINESS, P.REVIEW_STATUS),
    ),
    **lists("status-change", REVIEWS, "change", "status_change"),
    **acts("status-change", "change", "status_change", review=REVIEWS),
    **lists("grade-change", REVIEWS, "grade", "grade_change"),
    **acts("grade-change", "grade", "grade_change", review=REVIEWS),
    **lists("officer", (P.VIEW_OFFICERS,), "officer", "officer"),
    **lists("assignment", BONDS, "assignment", "assignment"),
    ("POST", "api-assignment-list"): Operation((P.EDIT_ASSIGNMENT,)),
    **acts("assignment", "assignment", "assignment", end=(P.EDIT_ASSIGNMENT,)),
    **lists("duty", (P.VIEW_VISITS,), "duty", "duty"),
    **lists("visit", (P.VIEW_VISITS,), "visit", "visit"),
    ("POST", "api-visit-list"): Operation((P.RECORD_VISIT,)),
    **acts("visit", "visit", "visit", void=(P.RECORD_VISIT,)),
    **lists("problem", (P.VIEW_PROBLEMS,), "problem", "problem"),
    ("POST", "api-problem-list"): Operation((P.CREATE_PROBLEM,)),
    ("POST", "api-problem-common"): Operation((P.CREATE_PROBLEM,)),
    **acts(
        "problem", "problem", "problem",
        sign=FIXES, plan=FIXES, submit=FIXES, extend=FIXES, pass_first=CHECKS, transfer=CHECKS,
        send_back=(P.FIRST_CHECK, P.SECOND_CHECK), close=(P.SECOND_CHECK,), decide_extension=(P.APPROVE_EXTENSION,),
        refer=(P.REFER_PROBLEM,), referral=(P.RECORD_REFERRAL,), revisit=(P.REVISIT_PROBLEM,), void=(P.CREATE_PROBLEM,),
    ),
    ("GET", "api-evidence-detail"): Operation(
        (P.VIEW_PROBLEMS, P.VIEW_VISITS, P.VIEW_BUSINESSES, P.VIEW_TASKS), "evidence", "problem"
    ),
    **lists("report", (P.VIEW_DASHBOARD,), "report", "report"),
    ("GET", "api-report-figures"): Operation((P.VIEW_DASHBOARD,), "report", "report"),
    ("GET", "api-report-figure-rows"): Operation((P.VIEW_DASHBOARD,), "report", "report"),
    ("POST", "api-report-close"): Operation((P.CLOSE_WEEK,)),
    **acts("report", "report", "report", publish=(P.PUBLISH_WEEK,)),
    **lists("task", (P.VIEW_TASKS,), "task", "task"),
    **acts("task", "task", "task", claim=(P.REPORT_TASK,), report=(P.REPORT_TASK,)),
    **lists("task-report", (P.VIEW_TASKS,), "task_report", "task"),
    **acts("task-report", "task_report", "task", decide=(P.APPROVE_TASK,)),
    **lists("clause", (P.VIEW_RULEBOOK,), "clause", "clause"),
    **lists("ledger", SEES_LEDGERS, "batch", "batch"),
    ("POST", "api-ledger-list"): Operation(IMPORTS),
    ("GET", "api-ledger-kinds"): Operation(IMPORTS),
    ("GET", "api-ledger-issues"): Operation(SEES_LEDGERS, "batch", "batch"),
    ("GET", "api-ledger-marked"): Operation(SEES_LEDGERS, "batch", "batch"),
    **acts(
        "ledger", "batch", "batch",
        confirm=IMPORTS, abandon=IMPORTS, approve=IMPORTS, decline=IMPORTS, recheck=IMPORTS, choose=IMPORTS, undo=IMPORTS,
        approve_undo=IMPORTS, decline_undo=IMPORTS,
    ),
    ("GET", "api-job-list"): Operation((P.VIEW_JOBS,)),
    ("GET", "api-job-detail"): Operation(HAS_JOBS, "job", "job"),
    ("POST", "api-job-cancel"): Operation(HAS_JOBS, "job", "job"),
}  # fmt: skip

# Walked by tests of their own: tokens (open to strangers), the page that asks for a session, and every address there is not.
ELSEWHERE = {("POST", "api-token"), ("DELETE", "api-token"), ("GET", "api-docs"), ("GET", "api-nothing")}
