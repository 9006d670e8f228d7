"""The daily checkpoint: what left the house, by which way, with which receipt."""

import base64

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core import audit
from portal.actors import actor_of
from portal.policy import allow
from reporting.models import Checkpoint
from reporting.services.checkpoints import channels, file_of, public_key

HOUSES = ("compliance", "mar")
SHOWN = 30


@allow("audit.view", houses=HOUSES)
@require_safe
def checkpoint_list(request: HttpRequest) -> HttpResponse:
    """Show the last checkpoints with the proof of each delivery, and the key that verifies them."""
    found = list(Checkpoint.objects.prefetch_related("deliveries").order_by("-day")[:SHOWN])
    context = {
        "checkpoints": found,
        "newest": found[0] if found else None,
        "ways": channels(),
        "public_key": base64.b64encode(public_key()).decode(),
    }
    return render(request, "compliance/checkpoints.html", context)


@allow("audit.view", houses=HOUSES)
@require_safe
def checkpoint_file(request: HttpRequest, checkpoint_id: int) -> HttpResponse:
    """Give one checkpoint's file."""
    made = Checkpoint.objects.filter(pk=checkpoint_id).first()
    if made is None:
        raise Http404
    audit.record(
        "reporting.checkpoint.downloaded", by=actor_of(request), at=timezone.now(), object_type="checkpoint",
        object_id=made.pk,
    )  # fmt: skip
    return HttpResponse(
        file_of(made),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{made}.json"'},
    )
