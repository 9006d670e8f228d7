"""How many papers applicants of one network may hand in within an hour, however many applications they hold."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from core.errors import refuse
from partners.services.documents import DocumentRefused
from portal.web.throttle import Throttle

throttle = Throttle("papers", limit=settings.APPLICATION_PAPERS_PER_HOUR, seconds=3600)


def take_turn(request: HttpRequest) -> None:
    """Count a paper before it is read.

    :raises DocumentRefused: when the network has handed in too many within the hour.
    """
    if throttle.is_open(request.META.get("REMOTE_ADDR")):
        return
    raise DocumentRefused(
        refuse(
            "too_many_papers",
            _("Very many papers came from your network within an hour."),
            rule="P-DOC-3",
            facts={_("Papers an hour"): throttle.limit},
            next_step=_("Your answers are kept. Hand this paper in an hour from now."),
            lifted_by=_("Time"),
        )
    )
