"""The shapes of returns in the API."""

from typing import Any

from rest_framework import serializers

from licensing.exchange.return_xml import MAX_RETURN_LINES, RETURN_TYPES
from licensing.models import KeyReplacement, PartnerReturn, PartnerReturnLine


class ReturnRequestSerializer(serializers.Serializer[Any]):
    """Keys to give back: type ZOA to ZOF, the reason, and your own RMA number."""

    product_key_ids = serializers.ListField(
        child=serializers.RegexField(r"^[0-9]{13}$"), min_length=1, max_length=MAX_RETURN_LINES
    )
    return_type = serializers.ChoiceField(choices=list(RETURN_TYPES))
    without_credit = serializers.BooleanField(required=False, default=False)
    reason = serializers.CharField(min_length=5, max_length=200)
    kind = serializers.ChoiceField(choices=PartnerReturn.Kind.choices, required=False, default="return")
    replacement_product = serializers.CharField(
        max_length=30,
        required=False,
        default="",
        allow_blank=True,
        help_text="Its code: a key of it is given instead.",
    )
    reference = serializers.CharField(max_length=35, required=False, default="", allow_blank=True)


class SwapSerializer(serializers.Serializer[Any]):
    """A wrong key, before its PC was reported."""

    product_key_id = serializers.RegexField(r"^[0-9]{13}$")
    product = serializers.CharField(max_length=30, required=False, default="", allow_blank=True)
    reason = serializers.CharField(min_length=5, max_length=200)


class ReplacementSerializer(serializers.ModelSerializer[KeyReplacement]):
    """A key in the place of another."""

    class Meta:
        model = KeyReplacement
        fields = ("id", "kind", "old_product_key_id", "new_product_key_id", "reason", "made_at")


class ForecastSerializer(serializers.Serializer[Any]):
    """What Microsoft will likely answer for one key; `stop` says why it cannot go at all."""

    product_key_id = serializers.CharField()
    code = serializers.CharField()
    outcome = serializers.CharField()
    sentence = serializers.CharField()
    stop = serializers.CharField()
    days_left = serializers.IntegerField(allow_null=True)


class ReturnLineSerializer(serializers.ModelSerializer[PartnerReturnLine]):
    """One key of a return with forecast and answer."""

    product = serializers.CharField(source="product.code")

    class Meta:
        model = PartnerReturnLine
        fields = ("product_key_id", "product", "forecast_code", "return_before", "answer_code", "ended_at")


class ReturnSerializer(serializers.ModelSerializer[PartnerReturn]):
    """A return without its keys."""

    number = serializers.CharField(source="__str__")
    keys = serializers.IntegerField(source="key_count")
    answered = serializers.IntegerField(source="answered_count")

    class Meta:
        model = PartnerReturn
        fields = (
            "id", "number", "kind", "state", "return_type", "is_without_credit", "reason", "reference", "rma_number",
            "keys", "answered", "decision_note", "requested_at", "sent_at", "answered_at", "closed_at", "withdrawn_at",
        )  # fmt: skip


class ReturnDetailSerializer(ReturnSerializer):
    """A return with its keys, and the keys given in their place."""

    lines = ReturnLineSerializer(many=True)
    replacements = ReplacementSerializer(many=True)

    class Meta(ReturnSerializer.Meta):
        fields = (*ReturnSerializer.Meta.fields, "lines", "replacements")  # type: ignore[assignment]
