"""What each of the eleven roles may do: one table, read by every view, API call and test."""

from partners.models.membership import Role

TPR_READ = frozenset(
    {
        "tpr.home",
        "order.view",
        "key.view",
        "build.view",
        "device.view",
        "terms.view",
        "training.take",
        "catalogue.view",
        "house.view",
        "standing.view",
        "recipient.view",
        "return.view",
        "label.view",
    }
)
MAR_READ = frozenset(
    {
        "mar.home",
        "partner.view",
        "application.view",
        "stock.view",
        "mar_order.view",
        "exchange.view",
        "recipient.view",
        "rules.view",
        "return.view",
        "label.view",
        "price.view",
    }
)
COMPLIANCE_READ = frozenset({"compliance.home", "report.view", "audit.view", "exception.view"})

PERMISSIONS: dict[str, frozenset[str]] = {
    Role.TPR_OWNER: TPR_READ
    | {
        "order.place",
        "order.cancel",
        "key.reveal",
        "incident.report",
        "key.bulk",
        "build.report",
        "terms.accept",
        "people.manage",
        "exit.file",
        "api_key.manage",
        "house.manage",
        "recipient.manage",
        "quota.request",
        "return.request",
        "estimate.write",
        "resale.manage",
    },
    Role.TPR_BUYER: TPR_READ
    | {
        "order.place",
        "order.cancel",
        "recipient.manage",
        "quota.request",
        "return.request",
        "estimate.write",
        "resale.manage",
    }
    | {"incident.report"},
    Role.TPR_TECHNICIAN: TPR_READ | {"key.reveal", "build.report", "return.request"} | {"incident.report"},
    Role.TPR_FINANCE: TPR_READ | {"estimate.write", "resale.manage"},
    Role.TPR_READONLY: TPR_READ,
    Role.MAR_ADMIN: MAR_READ
    | {
        "application.review",
        "application.invite",
        "recipient.review",
        "quota.handle",
        "rules.write",
        "price.write",
        "partner.manage",
        "limit.write",
        "order.decide",
        "allocation.manage",
        "standing.manage",
        "standing.confirm",
        "standing.grace",
        "tier.decide",
        "score_model.change",
        "partner.note",
        "partner.view_as",
        "exit.manage",
        "people.manage",
        "privacy.manage",
        "owner.reset",
        "api_key.manage",
        "exchange.operate",
        "return.handle",
        "label.issue",
        "import.upload",
        "import.stop",
        "pool.manage",
        "pool.open",
        "stock.plan",
        "incident.report",
        "correction.ask",
        "report.view",
        "report.build",
    },
    # An approver may be the first person as well, though never both in one case: appeals need new eyes.
    Role.MAR_APPROVER: MAR_READ
    | {"application.review", "application.decide", "import.release", "report.view", "report.approve"}
    | {"import.stop", "import.undo", "pool.open"}
    | {
        "exit.manage",
        "owner.reset",
        "order.decide",
        "allocation.manage",
        "standing.confirm",
        "tier.decide",
        "score_model.change",
        "recipient.decide",
        "quota.answer",
        "change.publish",
        "price.approve",
        "limit.approve",
        "rule.publish",
    }
    | {"correction.decide"},
    Role.MAR_STOCK: MAR_READ
    | {"import.upload", "import.release", "return.handle", "label.issue", "stock.plan"}
    | {"import.stop", "import.undo", "pool.manage"}
    | {"incident.report", "correction.ask"},
    Role.MAR_FINANCE: MAR_READ | {"report.view", "price.write", "limit.write"},
    Role.COMPLIANCE: MAR_READ
    | COMPLIANCE_READ
    | {"partner.note", "partner.view_as"}
    | {"standing.manage", "standing.confirm", "score_model.change"}
    | {"report.review", "report.build", "report.correct", "report.issue", "report.submit", "chain.verify"}
    | {"sanctions.load", "privacy.manage"}
    | {"incident.report", "incident.close", "correction.ask", "correction.decide", "import.stop"},
    Role.AUDITOR: MAR_READ | COMPLIANCE_READ,
}

ALL_PERMISSIONS = frozenset().union(*PERMISSIONS.values())


def permissions_of(role: str) -> frozenset[str]:
    """Return the role's permissions; an unknown role has none."""
    return PERMISSIONS.get(role, frozenset())
