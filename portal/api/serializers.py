"""The shapes of the API, in and out. Amounts are decimal texts, times ISO 8601 in UTC."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from licensing.models import Build, Lane, Order, OrderLine, OrderState, ProductKey
from licensing.rules.key_states import KeyState
from licensing.rules.ordering import MAX_QUANTITY, MAX_RESERVE_MINUTES
from licensing.selectors.order_wait import queue_place
from partners.models import OrderBlock, Recipient
from partners.rules.partner_states import STOPS, Act, lifter_of
from partners.rules.recipients import TAP_CRITERIA


class OrderRequestSerializer(serializers.Serializer[Any]):
    """What to order."""

    product = serializers.CharField(max_length=30, help_text="Product code of the catalogue.")
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_QUANTITY)
    reference = serializers.CharField(max_length=60, required=False, default="", allow_blank=True)
    recipient = serializers.UUIDField(
        required=False,
        default=None,
        allow_null=True,
        help_text="Id of your approved recipient: Citizenship only.",
    )
    lane = serializers.ChoiceField(
        choices=Lane.choices,
        allow_blank=True,
        required=False,
        default="",
        help_text="Empty: the recommended lane.",
    )
    note = serializers.CharField(
        max_length=300,
        required=False,
        default="",
        allow_blank=True,
        help_text="What an approver should know.",
    )
    allow_hold = serializers.BooleanField(
        required=False,
        default=True,
        help_text="False: refused instead of waiting for credit, a block or a person.",
    )
    allow_backorder = serializers.BooleanField(
        required=False, default=False, help_text="True: too little stock lets the order wait in the queue."
    )
    allow_split = serializers.BooleanField(
        required=False,
        default=False,
        help_text="True: what is in stock comes now, the rest waits as a second order.",
    )
    reserve_minutes = serializers.IntegerField(
        min_value=0, max_value=MAX_RESERVE_MINUTES, required=False, default=0,
        help_text="Keep the keys so long for your confirmation; 0 assigns them at once.",
    )  # fmt: skip
    details = serializers.DictField(
        required=False,
        default=dict,
        help_text="What the product asks for: the schema stands at the product as required_fields.",
    )


class RecipientSerializer(serializers.ModelSerializer[Recipient]):
    """An organisation that receives Citizenship licences. Nothing of a private person."""

    class_code = serializers.CharField(help_text="charity, academic, specially_approved or tap.")

    class Meta:
        model = Recipient
        fields = (
            "id", "class_code", "name", "register_id", "country", "town", "website", "size", "state", "claim",
            "evidence_until", "last_order_at",
        )  # fmt: skip


class RecipientDraftSerializer(serializers.Serializer[Any]):
    """An organisation to be noted as a draft; evidence and submission follow in the browser."""

    class_code = serializers.CharField(max_length=20)
    name = serializers.CharField(max_length=120)
    register_id = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    country = serializers.CharField(max_length=2)
    town = serializers.CharField(max_length=80)
    website = serializers.URLField(max_length=200, required=False, default="", allow_blank=True)
    size = serializers.ChoiceField(choices=Recipient.Size.choices)
    purpose = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    criteria = serializers.ListField(
        child=serializers.ChoiceField(choices=list(TAP_CRITERIA)), required=False, default=list, max_length=5
    )
    programme_page = serializers.URLField(max_length=200, required=False, default="", allow_blank=True)
    programme_criteria = serializers.CharField(max_length=600, required=False, default="", allow_blank=True)


class DeviceSerializer(serializers.Serializer[Any]):
    """A PC as its firmware names it."""

    manufacturer = serializers.CharField(max_length=60)
    model = serializers.CharField(max_length=60)
    serial = serializers.CharField(max_length=36)


class ClaimSerializer(serializers.Serializer[Any]):
    """Which product, for which PC."""

    product = serializers.CharField(max_length=30)
    device = DeviceSerializer()


class ConsumeSerializer(serializers.Serializer[Any]):
    """Which key stands on its PC."""

    product_key_id = serializers.CharField(max_length=13)


class OhrSerializer(serializers.Serializer[Any]):
    """The five device facts that Microsoft requires; see docs/formats.md for the allowed values."""

    form_factor_cl1 = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)
    form_factor_cl2 = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)
    touch_screen = serializers.CharField(max_length=32, required=False, default="", allow_blank=True)
    screen_size = serializers.CharField(max_length=32, required=False, default="", allow_blank=True)
    model_sku = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)


class BuildReportSerializer(serializers.Serializer[Any]):
    """A build report: the facts of an OA3.xml."""

    product_key_id = serializers.RegexField(r"^[0-9]{13}$")
    hardware_hash = serializers.CharField(min_length=512, max_length=8192)
    serial = serializers.CharField(max_length=36, required=False, default="", allow_blank=True)
    device = OhrSerializer(required=False)
    optional_info = serializers.DictField(
        child=serializers.CharField(max_length=256, allow_blank=True), required=False, default=dict
    )


class KeySerializer(serializers.ModelSerializer[ProductKey]):
    """A key by its id and last five characters; never the key."""

    product = serializers.CharField(source="product.code")
    state = serializers.SerializerMethodField()
    state_number = serializers.IntegerField(source="state")
    order = serializers.UUIDField(source="order_line.order_id")

    class Meta:
        model = ProductKey
        fields = (
            "product_key_id",
            "last5",
            "product",
            "state",
            "state_number",
            "state_since",
            "hold",
            "order",
        )

    def get_state(self, key: ProductKey) -> str:
        """Return Microsoft's name of the state."""
        return KeyState(key.state).microsoft_name


class OrderLineSerializer(serializers.Serializer[OrderLine]):
    """A line of an order."""

    product = serializers.CharField(source="product.code")
    quantity = serializers.IntegerField()
    unit_price = serializers.DecimalField(max_digits=10, decimal_places=2)
    currency = serializers.CharField()
    details = serializers.JSONField()


class OrderSerializer(serializers.Serializer[Order]):
    """An order without its keys. Its fields are written out: to look them up in the model costs each answer more."""

    id = serializers.UUIDField()
    number = serializers.CharField(source="__str__")
    state = serializers.ChoiceField(OrderState.choices)
    channel = serializers.ChoiceField(Order.Channel.choices)
    reference = serializers.CharField()
    recipient = serializers.UUIDField(source="recipient_id", allow_null=True)
    placed_at = serializers.DateTimeField()
    allocated_at = serializers.DateTimeField(allow_null=True)
    lane = serializers.ChoiceField(Lane.choices)
    waits_since = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    split_from = serializers.UUIDField(source="split_from_id", allow_null=True)
    lines = OrderLineSerializer(many=True)


class OrderDetailSerializer(OrderSerializer):
    """An order with its keys, by id and last five characters."""

    keys = serializers.SerializerMethodField()
    holds = serializers.JSONField(
        help_text="What the order waits for: rule, facts, missing, next step, lifted by."
    )
    queue = serializers.SerializerMethodField(
        help_text="Position, keys before it, expected day; null in no queue."
    )
    rest = serializers.SerializerMethodField(help_text="The order that holds what the stock did not give.")

    def get_queue(self, order: Order) -> dict[str, Any] | None:
        """Return the order's place in the queue."""
        place = queue_place(order, timezone.now())
        if place is None:
            return None
        return {"position": place.position, "keys_before": place.ahead, "expected_on": place.expected_on}

    def get_rest(self, order: Order) -> str | None:
        """Return the id of the order that was split off."""
        rest = order.parts.values_list("pk", flat=True).first()
        return str(rest) if rest else None

    def get_keys(self, order: Order) -> list[dict[str, Any]]:
        """Return the order's keys as :class:`KeySerializer` tells of them, read as rows: there may be a thousand."""
        rows = (
            ProductKey.objects.filter(order_line__order=order)
            .order_by("id")
            .values_list("product_key_id", "last5", "product__code", "state", "state_since", "hold")
        )
        moment, order_id = serializers.DateTimeField().to_representation, str(order.pk)
        return [
            {
                "product_key_id": product_key_id,
                "last5": last5,
                "product": product,
                "state": KeyState(state).microsoft_name,
                "state_number": state,
                "state_since": moment(since),
                "hold": hold,
                "order": order_id,
            }
            for product_key_id, last5, product, state, since, hold in rows
        ]


class BuildSerializer(serializers.ModelSerializer[Build]):
    """A reported build."""

    product_key_id = serializers.CharField(source="key.product_key_id")
    manufacturer = serializers.CharField(source="device.manufacturer")
    model = serializers.CharField(source="device.model")
    serial = serializers.CharField(source="device.serial")

    class Meta:
        model = Build
        fields = (
            "id", "product_key_id", "manufacturer", "model", "serial", "state", "hardware_hash_sha256",
            "ack_code", "reported_at", "sent_at", "answered_at",
        )  # fmt: skip


class RestrictionSerializer(serializers.ModelSerializer[OrderBlock]):
    """What stops a partner: rule, facts, since when, what is still allowed, who lifts it, what to do."""

    stops = serializers.SerializerMethodField(help_text="order, take_keys or both.")
    still_allowed = serializers.SerializerMethodField()
    lifted_by = serializers.SerializerMethodField()

    class Meta:
        model = OrderBlock
        fields = (
            "rule", "reason", "facts", "since", "until", "is_suspension", "stops", "still_allowed", "lifted_by",
            "next_step",
        )  # fmt: skip

    def get_stops(self, block: OrderBlock) -> list[str]:
        """Return what is stopped."""
        return sorted(STOPS[block.kind])

    def get_still_allowed(self, block: OrderBlock) -> list[str]:
        """Return what the restriction leaves open."""
        return [act.value for act in Act if act not in STOPS[block.kind]]

    def get_lifted_by(self, block: OrderBlock) -> str:
        """Return in words who ends it."""
        return lifter_of(block.lifter_role, is_by_rule=block.is_by_rule)
