"""The one page of every small form under Settings."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.forms import FORM_ERROR_STATUS


def form_page(request: HttpRequest, page: Mapping[str, Any]) -> HttpResponse:
    """Show the form, with its errors when it was sent."""
    status = FORM_ERROR_STATUS if page["form"].is_bound else 200
    return render(request, "house/form_page.html", page, status=status)
