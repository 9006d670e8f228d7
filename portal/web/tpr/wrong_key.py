"""A wrong key, and a replaced board: what happens now, what it costs, and one button that does it."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from licensing.models import PartnerReturn, ProductKey
from licensing.rules.board_swap import Board, Failed, Label, Outcome, Reason, Swapped, Verdict, judge
from licensing.rules.key_states import KeyState
from licensing.rules.replacements import Terms
from licensing.selectors.orders import keys_of
from licensing.selectors.replacements import Plan, plan_for, products_to_swap_to
from licensing.services.partner_returns import ReturnWish, request_return
from licensing.services.replacements import Wanted, swap_key
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS, IdempotencyField
from portal.plain_text import plain_text
from portal.policy import allow
from portal.web.refused import render_refused
from portal.web.tpr.place import partner_id_of

HOUSE = ("tpr",)
WRONG, BOARD = "tpr/key_wrong.html", "tpr/board_swap.html"
TYPE = "ZOB"


class WrongKeyForm(forms.Form):
    """Which licence is right, and what went wrong."""

    token = IdempotencyField()
    product = forms.ChoiceField(label=gettext_lazy("The right licence"))
    reason = forms.CharField(
        label=gettext_lazy("What went wrong?"),
        max_length=200,
        min_length=5,
        validators=[plain_text],
        widget=forms.Textarea({"rows": 2}),
    )

    def __init__(self, *args: Any, key: ProductKey, **options: Any) -> None:
        super().__init__(*args, **options)
        products = products_to_swap_to(key, timezone.now())
        field: forms.ChoiceField = self.fields["product"]  # type: ignore[assignment]
        field.choices = [(str(product.pk), product.name) for product in products]
        self.initial.setdefault("product", str(key.product_id))


class BoardForm(forms.Form):
    """The old and the new board, as firmware or the board's print names them."""

    product_key_id = forms.RegexField(
        r"^[0-9]{13}$",
        label=gettext_lazy("Product key id of the PC"),
        help_text=gettext_lazy("13 digits, on the PC's page."),
        widget=forms.TextInput({"class": "mono", "inputmode": "numeric", "autocomplete": "off"}),
    )
    old_manufacturer = forms.CharField(label=gettext_lazy("Old board: manufacturer"), max_length=60)
    old_model = forms.CharField(label=gettext_lazy("Old board: model"), max_length=60)
    old_serial = forms.CharField(label=gettext_lazy("Old board: serial number"), max_length=60)
    new_manufacturer = forms.CharField(label=gettext_lazy("New board: manufacturer"), max_length=60)
    new_model = forms.CharField(label=gettext_lazy("New board: model"), max_length=60)
    new_serial = forms.CharField(label=gettext_lazy("New board: serial number"), max_length=60)
    reason = forms.ChoiceField(
        label=gettext_lazy("Why was it replaced?"),
        choices=[
            (Reason.DEFECT.value, gettext_lazy("It was broken")),
            (Reason.UPGRADE.value, gettext_lazy("It worked: another one was wanted")),
        ],
        widget=forms.RadioSelect,
    )
    failed = forms.ChoiceField(
        label=gettext_lazy("When?"),
        choices=[
            (Failed.BEFORE_SALE.value, gettext_lazy("Before the PC was sold")),
            (Failed.AFTER_SALE.value, gettext_lazy("After the sale: it belongs to a buyer")),
        ],
        widget=forms.RadioSelect,
    )
    is_in_warranty = forms.BooleanField(label=gettext_lazy("It is a warranty case"), required=False)
    label = forms.ChoiceField(
        label=gettext_lazy("The refurbisher's label on the PC"),
        choices=[
            (Label.INTACT.value, gettext_lazy("is whole")),
            (Label.DAMAGED.value, gettext_lazy("is damaged")),
            (Label.MISSING.value, gettext_lazy("is missing")),
        ],
        widget=forms.RadioSelect,
    )
    token = IdempotencyField()

    def clean(self) -> dict[str, Any]:
        """Refuse what firmware writes when nobody filled a field in: two such boards cannot be compared."""
        cleaned = super().clean() or {}
        for side in ("old", "new"):
            if f"{side}_serial" in cleaned and not self.board(side, cleaned).is_named:
                text = _("This is no serial number. Read it from the print on the board.")
                self.add_error(f"{side}_serial", text)
        return cleaned

    @staticmethod
    def board(side: str, given: dict[str, Any]) -> Board:
        """Return one of the two boards."""
        return Board(*(given.get(f"{side}_{name}", "") for name in ("manufacturer", "model", "serial")))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the assistant says about one PC, and what it has prepared."""

    verdict: Verdict
    plan: Plan

    @property
    def tone(self) -> str:
        """Return how the answer is coloured."""
        tones = {Outcome.SAME_LICENCE: "success", Outcome.REPLACEMENT: "info", Outcome.NEW_PC: "warning"}
        return tones[self.verdict.outcome]

    @property
    def title(self) -> str:
        """Return the answer in a few words."""
        return {
            Outcome.SAME_LICENCE: _("The same licence holds"),
            Outcome.REPLACEMENT: _("The key is replaced"),
            Outcome.NEW_PC: _("It counts as a new PC"),
        }[self.verdict.outcome]

    @property
    def may_ask(self) -> bool:
        """Return whether return and replacement are prepared."""
        return self.verdict.outcome is Outcome.REPLACEMENT and not self.plan.stop


@allow("return.request", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def wrong_key(request: HttpRequest, product_key_id: str) -> HttpResponse:
    """Swap a key before its PC was reported; after it, ask for return and replacement together."""
    key = _own_key(request, product_key_id)
    plan = plan_for(key, timezone.now())
    form = WrongKeyForm(request.POST or None, key=key)
    context = {"key": key, "plan": plan, "form": form, "is_swap": plan.terms is Terms.SWAP}
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, WRONG, context, status=status)
    given = form.cleaned_data
    try:
        if plan.terms is Terms.SWAP:
            return _swap(request, key, Wanted(given["reason"], int(given["product"])))
        kind = PartnerReturn.Kind.WRONG_KEY
        return _ask(request, key, kind, given["reason"], int(given["product"]), str(given["token"]))
    except DomainError as error:
        return render_refused(request, WRONG, context, error)


@allow("return.request", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def board_swap(request: HttpRequest) -> HttpResponse:
    """Say what a replaced board means for the licence, and prepare what follows."""
    if request.method != "POST":
        return render(request, BOARD, {"form": BoardForm(initial=_known(request))})
    form = BoardForm(request.POST)
    if not form.is_valid():
        return render(request, BOARD, {"form": form}, status=FORM_ERROR_STATUS)
    given = form.cleaned_data
    key = keys_of(partner_id_of(request)).filter(product_key_id=given["product_key_id"]).first()
    if key is None:
        form.add_error("product_key_id", _("Not one of your keys."))
        return render(request, BOARD, {"form": form}, status=FORM_ERROR_STATUS)
    answer = _answer(key, given)
    context = {"form": form, "answer": answer, "key": key}
    if "ask" not in request.POST or not answer.may_ask:
        return render(request, BOARD, context)
    reason = _("Board replaced: %(old)s, now %(new)s") % {
        "old": given["old_serial"],
        "new": given["new_serial"],
    }
    try:
        kind = PartnerReturn.Kind.BOARD_SWAP
        return _ask(request, key, kind, reason, key.product_id, str(given["token"]))
    except DomainError as error:
        return render_refused(request, BOARD, context, error)


def _answer(key: ProductKey, given: dict[str, Any]) -> Answer:
    plan = plan_for(key, timezone.now())
    swapped = Swapped(
        BoardForm.board("old", given),
        BoardForm.board("new", given),
        Reason(given["reason"]),
        Failed(given["failed"]),
        given["is_in_warranty"],
        Label(given["label"]),
        KeyState(key.state),
        is_free=plan.terms is not Terms.CHARGED,
    )
    return Answer(judge(swapped), plan)


def _swap(request: HttpRequest, key: ProductKey, wanted: Wanted) -> HttpResponse:
    made = swap_key(
        partner_id=partner_id_of(request), product_key_id=key.product_key_id, wanted=wanted,
        by=actor_of(request), at=timezone.now(),
    )  # fmt: skip
    messages.success(request, _("Swapped. This is the new key; the old one is the MAR's again."))
    return redirect("tpr:key-detail", made.new_product_key_id)


def _ask(
    request: HttpRequest, key: ProductKey, kind: str, reason: str, product_id: int, token: str
) -> HttpResponse:
    done = request_return(
        partner_id=partner_id_of(request),
        wish=ReturnWish((key.product_key_id,), TYPE, reason, kind=kind, replacement_product_id=product_id),
        idempotency_key=token,
        by=actor_of(request),
        at=timezone.now(),
    )
    messages.success(request, _("Sent to the programme office: with its yes you get the new key."))
    return redirect("tpr:return-detail", done.return_id)


def _known(request: HttpRequest) -> dict[str, Any]:
    return {"product_key_id": request.GET.get("key", "")[:13], "token": uuid4()}


def _own_key(request: HttpRequest, product_key_id: str) -> ProductKey:
    key = keys_of(partner_id_of(request)).filter(product_key_id=product_key_id).first()
    if key is None:
        raise Http404
    return key
