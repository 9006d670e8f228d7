"""One sentence for each role, where a role is chosen."""

from django.utils.translation import gettext_lazy as _

from partners.models.membership import Role

ROLE_SENTENCES = {
    Role.TPR_OWNER: _("does everything, invites colleagues, accepts the terms"),
    Role.TPR_BUYER: _("orders licences and sees everything"),
    Role.TPR_TECHNICIAN: _("takes keys for devices and reports them"),
    Role.TPR_FINANCE: _("sees orders and amounts"),
    Role.TPR_READONLY: _("sees everything, changes nothing"),
    Role.MAR_ADMIN: _("reviews applications, manages partners, runs the exchange"),
    Role.MAR_APPROVER: _("is the second person: approves applications, deliveries and reports"),
    Role.MAR_STOCK: _("takes deliveries of keys in"),
    Role.MAR_FINANCE: _("sees orders, amounts and reports"),
    Role.COMPLIANCE: _("reviews the monthly reports and the audit log"),
    Role.AUDITOR: _("reads everything, changes nothing"),
}
