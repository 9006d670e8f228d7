"""Keys by their ids: where each is, and one reveal for one PC."""

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError, NotFound
from licensing.models import ProductKey
from licensing.rules.devices import DeviceIdentity
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.partner_returns import GOING_FROM
from licensing.rules.replacements import REPLACEABLE, SWAPPABLE
from licensing.selectors.orders import keys_of
from licensing.selectors.partner_forecast import own_forecasts
from licensing.selectors.replacements import replacements_of_key
from licensing.services.hand_over import reveal_key
from licensing.services.incidents import PAST_REPORTING
from licensing.services.samples import sample_oa3
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, DateRangeFilter, Empty, Table, render_table, status_filter
from portal.web.forecast_words import row_of
from portal.web.key_life import life_of
from portal.web.refused import render_refused
from portal.web.tpr.place import device_of, partner_id_of

HOUSE = ("tpr",)
SHOWN_SECONDS = 60
REVEALABLE = (KeyState.ASSIGNED, KeyState.RETRIEVED)


class KeyTable(Table):
    """All keys of a partner."""

    dom_id = "keys"
    caption = _("Keys")
    columns = (
        Column("id", _("Product key id"), kind="mono", accessor="product_key_id", sort="id", primary=True),
        Column("last5", _("Key"), kind="key", accessor="last5"),
        Column("product", _("Product"), accessor="product.name", sort="product__name"),
        Column("state", _("State"), kind="status", status="key", sort="state"),
        Column("device", _("PC"), accessor=device_of),
        Column("order", _("Order"), kind="mono", accessor=lambda key: str(key.order_line.order)),
        Column("since", _("Since"), kind="ago", accessor="state_since", sort="state_since"),
    )
    filters = (
        status_filter("state", _("State"), "key"),
        DateRangeFilter("since", _("In this state since"), "state_since"),
    )
    search = ("product_key_id__exact", "last5__exact", "hand_over__device__serial_norm__exact")
    search_label = _("Product key id, last five, or serial number")
    order = "-since"
    empty = Empty(
        _("No keys yet"), _("Keys appear here the moment you order."), _("Order licences"), "/tpr/order/"
    )

    def row_url(self, row: ProductKey) -> str:
        """Return where a row leads."""
        return reverse("tpr:key-detail", args=[row.product_key_id])


class RevealForm(forms.Form):
    """Which PC the key is for, and why a person must see it."""

    manufacturer = forms.CharField(
        label=_("Manufacturer"), max_length=60, help_text=_("As the firmware names it, for example LENOVO.")
    )
    model = forms.CharField(label=_("Model"), max_length=60)
    serial = forms.CharField(
        label=_("Serial number"),
        max_length=36,
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=_("Why must you see the key?"),
        max_length=200,
        min_length=5,
        help_text=_("Kept with your name. Normally a station takes keys by API and nobody sees them."),
    )


@allow("key.view", houses=HOUSE)
@require_safe
def key_list(request: HttpRequest) -> HttpResponse:
    """List the partner's keys."""
    partner_id = partner_id_of(request)
    table = KeyTable(request, keys_of(partner_id))
    found = own_forecasts(partner_id, at=timezone.now())
    forecasts = [(one, row_of(one.forecast)) for one in found]
    return render_table(request, "tpr/key_list.html", {"table": table, "forecasts": forecasts})


@allow("key.view", houses=HOUSE)
@require_safe
def key_detail(request: HttpRequest, product_key_id: str) -> HttpResponse:
    """Show one key's life."""
    key = _own_key(request, product_key_id)
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    context = {
        "key": key,
        "hand_over": getattr(key, "hand_over", None),
        "build": key.builds.filter(ended_at__isnull=True).select_related("device").first(),
        "life": life_of(key, wing="tpr", partner_id=partner_id_of(request)),
        "may_return": "return.request" in permissions and key.state in GOING_FROM,
        "may_swap": "return.request" in permissions
        and key.state in SWAPPABLE | REPLACEABLE
        and key.hold == Hold.NONE,
        "replacements": replacements_of_key(product_key_id, partner_id_of(request)),
        "may_reveal": "key.reveal" in permissions and key.state in REVEALABLE and key.hold == Hold.NONE,
        "may_freeze": "incident.report" in permissions
        and key.hold == Hold.NONE
        and key.state not in PAST_REPORTING,
    }
    return render(request, "tpr/key_detail.html", context)


@allow("key.reveal", houses=HOUSE, fresh_factor=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reveal(request: HttpRequest, product_key_id: str) -> HttpResponse:
    """Ask for the PC and the reason, then show the key once; the next look asks again."""
    key = _own_key(request, product_key_id)
    form = RevealForm(request.POST or None, initial=_known_device(key))
    context = {"key": key, "form": form, "no_store": True}
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "tpr/key_reveal.html", context, status=status)
    fields, at = form.cleaned_data, timezone.now()
    try:
        handed = reveal_key(
            partner_id=partner_id_of(request),
            product_key_id=product_key_id,
            device=DeviceIdentity(fields["manufacturer"], fields["model"], fields["serial"]),
            reason=fields["reason"],
            by=actor_of(request),
            at=at,
        )
    except DomainError as error:
        return render_refused(request, "tpr/key_reveal.html", context, error)
    shown = {
        "key": key,
        "device": f"{fields['manufacturer']} {fields['model']} {fields['serial']}",
        "key_groups": handed.key.reveal().split("-"),
        "close_url": reverse("tpr:key-detail", args=[product_key_id]),
        # Who photographs the key photographs who looked at it, and when.
        "mark": _("Shown to %(who)s, %(at)s UTC")
        % {"who": request.user.name or request.user.email, "at": f"{at:%Y-%m-%d %H:%M:%S}"},  # type: ignore[union-attr]
        "no_store": True,
    }
    response = render(request, "tpr/key_revealed.html", shown)
    response["Cache-Control"] = "no-store"
    # Without JavaScript too it stands there for a minute and no longer.
    response["Refresh"] = f"{SHOWN_SECONDS}; url={shown['close_url']}"
    return response


@allow("build.report", houses=HOUSE)
@require_safe
def sample(request: HttpRequest, product_key_id: str) -> HttpResponse:
    """Give a made-up OA3.xml for a taken key, so that a newcomer can do the whole way by hand. Demo only."""
    if not settings.DEMO_ENABLED:
        raise Http404
    try:
        xml = sample_oa3(partner_id=partner_id_of(request), product_key_id=product_key_id)
    except NotFound as error:
        raise Http404 from error
    return HttpResponse(
        xml,
        content_type="application/xml",
        headers={"Content-Disposition": f'attachment; filename="OA3-{product_key_id}.xml"'},
    )


def _own_key(request: HttpRequest, product_key_id: str) -> ProductKey:
    key = keys_of(partner_id_of(request)).filter(product_key_id=product_key_id).first()
    if key is None:
        raise Http404
    return key


def _known_device(key: ProductKey) -> dict[str, str]:
    hand_over = getattr(key, "hand_over", None)
    if hand_over is None:
        return {}
    device = hand_over.device
    return {"manufacturer": device.manufacturer, "model": device.model, "serial": device.serial}
