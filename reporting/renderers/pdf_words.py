"""Words of the report's method pages: what states, answers and columns mean."""

from django.utils.translation import gettext_lazy as _

from reporting.rules.key_states import KeyStateCode

STATE_MEANINGS = {
    KeyStateCode.FULFILLED: _(
        "Delivered by Microsoft and in the MAR's free stock, quarantined keys included"
    ),
    KeyStateCode.ASSIGNED: _("Assigned to a refurbisher's order, not yet handed over"),
    KeyStateCode.RETRIEVED: _("Handed over to the refurbisher"),
    KeyStateCode.CONSUMED: _("Used on one device"),
    KeyStateCode.BOUND: _("Tied to the device's hardware hash"),
    KeyStateCode.NOTIFIED_BOUND: _("The refurbisher's report has reached the MAR"),
    KeyStateCode.REPORTED_BOUND: _("Computer build report sent to Microsoft, answer open or not final"),
    KeyStateCode.ACTIVATION_ENABLED: _("Microsoft accepted the report: Windows activates"),
    KeyStateCode.ACTIVATION_ENABLED_PENDING_UPDATE: _("Enabled; corrected hardware facts sent to Microsoft"),
    KeyStateCode.ACTIVATION_DENIED: _("Microsoft refused the report for this key"),
    KeyStateCode.REPORTED_RETURN: _("Return sent to Microsoft, answer open"),
    KeyStateCode.RETURNED: _("Return accepted by Microsoft; the key is dead"),
    KeyStateCode.UNDONE: _("Its import was undone before it left the stock; the portal's own state"),
}

ANSWER_MEANINGS = {
    "00": _("Activation enabled"),
    "01": _("Duplicate product key id"),
    "02": _("Enabled through override"),
    "03": _("Never delivered"),
    "04": _("Delivered to another customer number"),
    "05": _("Already returned"),
    "06": _("Reported lost or stolen"),
    "07": _("Already enabled"),
    "08": _("Invalid attribute name"),
}

ANSWER_UNKNOWN = _("Code not known to the programme's list; the key stays reported and is looked into")

STOCK_COLUMNS = (
    (_("Opening"), _("Free stock at the first instant of the month")),
    (_("Received"), _("Keys delivered by Microsoft and released into stock")),
    (
        _("Recalled"),
        _("Keys that came back into free stock: unassigned, recalled, or a return Microsoft refused"),
    ),
    (_("Sent back"), _("Keys that left free stock as a return to Microsoft")),
    (_("Available"), _("Opening + received + recalled − sent back")),
    (_("Assigned"), _("Keys assigned to orders of refurbishers")),
    (_("Closing"), _("Available − assigned: free stock at the last instant of the month")),
    (_("Returned"), _("Returns that Microsoft accepted, from any state")),
    (_("Build reports"), _("Keys whose computer build report (CBR) was sent to Microsoft, repeats included")),
)

PARTNER_COLUMNS = (
    (_("Ordered"), _("Keys of the orders submitted in the month")),
    (_("Enabled, denied"), _("Microsoft's answers of the month")),
    (
        _("Unreported > 7, 30, 60 days"),
        _("Keys handed over longer ago, without a build report at month end; 60 is part of 30, 30 of 7"),
    ),
    (
        _("Citizenship, limit, Office"),
        _("Citizenship Windows keys against the month's limit; Citizenship Office may not exceed Windows"),
    ),
)
