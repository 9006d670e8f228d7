"""Which roles belong to which house, and who may not leave it."""

from partners.models.membership import Role

TPR_ROLES = tuple(role for role in Role if role.value.startswith("tpr_"))
MAR_ROLES = tuple(role for role in Role if not role.value.startswith("tpr_"))


def roles_of_house(*, is_partner: bool) -> tuple[Role, ...]:
    """Return the roles that may be given at a partner, or at the MAR."""
    return TPR_ROLES if is_partner else MAR_ROLES


def keeper_role(*, is_partner: bool) -> Role:
    """Return the role of which one person must always remain: without it nobody could be invited."""
    return Role.TPR_OWNER if is_partner else Role.MAR_ADMIN
