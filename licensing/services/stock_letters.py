"""The words of the mails about low stock."""

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from licensing.models import StockAlert
from licensing.models.stock_alert import StockThreshold
from partners.services.letters import Letter


def stock_letter(alert: StockAlert, *, is_reminder: bool) -> Letter:
    """Return the mail of an alarm: which product, how much is left, until when."""
    name = alert.product.name
    lines = [_("Free keys: %(free)d.") % {"free": alert.free}]
    if alert.likely_on:
        lines.append(_("Likely dry on %(day)s.") % {"day": date_format(alert.likely_on, "j F Y")})
    if alert.occasion == StockAlert.Occasion.TEST:
        subject = _("TEST: low stock of %(product)s") % {"product": name}
        sentence = _("This is a test of the alarm. Nothing is wrong; the mail shows that it reaches you.")
    elif is_reminder:
        subject = _("Still low: %(product)s") % {"product": name}
        sentence = _threshold(alert)
    else:
        subject = _("Low stock: %(product)s") % {"product": name}
        sentence = _threshold(alert)
    return Letter(
        subject=subject,
        sentence=sentence,
        detail="\n".join(lines),
        button_label=_("Open the forecast"),
        button_url=f"{settings.BASE_URL}/mar/stock/forecast/{alert.product.code}/",
        reason=_("You get this mail because the threshold of this product names you or your role."),
    )


def _threshold(alert: StockAlert) -> str:
    words = (
        _("%(product)s has fallen below %(below)d days of cover.")
        if alert.measure == StockThreshold.Measure.DAYS
        else _("%(product)s has fallen below %(below)d free keys.")
    )
    return words % {"product": alert.product.name, "below": alert.below}
