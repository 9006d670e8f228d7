"""Made-up OA3.xml files for keys that were handed over: for the demo and for trying things out."""

from uuid import UUID

from django.utils.translation import gettext as _

from core.errors import NotFound
from licensing.exchange.oa3 import write_oa3
from licensing.exchange.samples import sample_hardware_hash
from licensing.models import KeyHandOver

SAMPLE_INFO = {
    "ZPC_MODEL_SKU": "20N2S00A00",
    "ZFRM_FACTOR_CL1": "Notebook",
    "ZFRM_FACTOR_CL2": "Standard",
    "ZSCREEN_SIZE": "14.0",
    "ZTOUCH_SCREEN": "Nontouch",
}


def sample_oa3(*, partner_id: UUID, product_key_id: str, with_details: bool = True) -> bytes:
    """Return an OA3.xml as the OA3 tool would write it for a handed-over key, without the product key.

    The hardware hash is made of the key's id: the same file comes out every time.

    :raises NotFound: when the key was not handed over to this partner.
    """
    hand_over = (
        KeyHandOver.objects.select_related("key", "device")
        .filter(partner_id=partner_id, key__product_key_id=product_key_id)
        .first()
    )
    if hand_over is None:
        raise NotFound(_("Take the key for a PC first; then a sample can be made for it."))
    return write_oa3(
        product_key=None,
        product_key_id=product_key_id,
        hardware_hash=sample_hardware_hash(product_key_id),
        optional_info=SAMPLE_INFO if with_details else {},
        serial_number=hand_over.device.serial,
    )
