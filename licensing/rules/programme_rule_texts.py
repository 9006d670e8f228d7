"""The plain sentence of each programme rule, as version 1 has it. Later versions bring their own as data."""

SENTENCES: dict[str, dict[str, str]] = {
    "device.age": {
        "en": "A PC has been in use or in distribution for at least {months} months before it is refurbished.",
        "de": "Ein PC war mindestens {months} Monate in Gebrauch oder im Handel, bevor er aufbereitet wird.",
    },
    "device.prior_licence": {
        "en": "The PC carried a genuine Windows licence before (Commercial: {commercial}, Citizenship: {citizenship}).",
        "de": "Der PC trug vorher eine echte Windows-Lizenz (Commercial: {commercial}, Citizenship: {citizenship}).",
    },
    "device.second_key": {
        "en": "One PC gets no second key within {days} days.",
        "de": "Ein PC bekommt innerhalb von {days} Tagen keinen zweiten Key.",
    },
    "citizenship.windows": {
        "en": "A partner orders at most {per_month} Citizenship Windows licences in a calendar month.",
        "de": "Ein Partner bestellt höchstens {per_month} Citizenship-Windows-Lizenzen im Kalendermonat.",
    },
    "citizenship.office": {
        "en": "A partner orders at most {per_month} Citizenship Office licences in a calendar month.",
        "de": "Ein Partner bestellt höchstens {per_month} Citizenship-Office-Lizenzen im Kalendermonat.",
    },
    "citizenship.office_share": {
        "en": "In a month a partner orders at most {percent} percent as many Citizenship Office as Windows licences.",
        "de": "Ein Partner bestellt im Monat höchstens {percent} Prozent so viele Citizenship-Office- wie "
        "Windows-Lizenzen.",
    },
    "citizenship.exception": {
        "en": "An exception to the month’s quota lasts {longest_days} days at most.",
        "de": "Eine Ausnahme von der Monatsquote gilt höchstens {longest_days} Tage.",
    },
    "order.size": {
        "en": "One order is for 1 to {most} licences.",
        "de": "Eine Bestellung umfasst 1 bis {most} Lizenzen.",
    },
    "order.special_lane": {
        "en": "From {quantity} licences or a net amount of {amount} on, a person of the MAR approves the order.",
        "de": "Ab {quantity} Lizenzen oder einem Nettobetrag von {amount} gibt eine Person des MAR sie frei.",
    },
    "order.reservation": {
        "en": "Reserved stock is kept for {hours} hours.",
        "de": "Reservierter Bestand wird {hours} Stunden lang gehalten.",
    },
    "order.station": {
        "en": "A station keeps keys for {minutes} minutes at most until it confirms them.",
        "de": "Eine Station hält Schlüssel höchstens {minutes} Minuten, bis sie bestätigt.",
    },
    "order.waiting": {
        "en": "An order waits {held_days} days at most for what holds it, and {queued_days} days for stock.",
        "de": "Eine Bestellung wartet höchstens {held_days} Tage auf das, was sie hält, und {queued_days} auf Bestand.",
    },
    "order.fair_share": {
        "en": "Scarce stock is shared out: {floor} keys for each partner first, then by what each took in {days} days.",
        "de": "Knapper Bestand wird geteilt: je Partner zuerst {floor} Schlüssel, dann nach Abnahme in {days} Tagen.",
    },
    "reveal.person": {
        "en": "One person looks at no more than {per_hour} keys in an hour.",
        "de": "Eine Person sieht höchstens {per_hour} Keys in einer Stunde an.",
    },
    "reveal.new_partner": {
        "en": "In its first {for_days} days a partner takes no more than {per_day} keys a day.",
        "de": "In den ersten {for_days} Tagen entnimmt ein Partner höchstens {per_day} Keys am Tag.",
    },
    "report.ageing": {
        "en": "A key that was taken is reported within {remind_days} days; after {stop_orders_days} days new orders "
        "stop, after {stop_keys_days} days taking keys too.",
        "de": "Ein entnommener Key wird innerhalb von {remind_days} Tagen gemeldet; nach {stop_orders_days} Tagen "
        "ruhen neue Bestellungen, nach {stop_keys_days} Tagen auch die Entnahme.",
    },
    "return.window": {
        "en": "A key can be returned to Microsoft within {days} days of its delivery.",
        "de": "Ein Key kann innerhalb von {days} Tagen nach seiner Lieferung an Microsoft zurückgegeben werden.",
    },
    "return.goodwill": {
        "en": "For {days} days after its activation a key can still be returned as goodwill.",
        "de": "Bis {days} Tage nach der Aktivierung kann ein Key noch auf Kulanz zurückgegeben werden.",
    },
    "label.use": {
        "en": "Up to {spoilage_percent} percent of the labels may be spoilt without a question.",
        "de": "Bis zu {spoilage_percent} Prozent der Etiketten dürfen ohne Rückfrage verdorben sein.",
    },
    "programme.notice": {
        "en": "A new version of a rule is announced at least {days} days before it takes effect.",
        "de": "Eine neue Fassung einer Regel wird mindestens {days} Tage vor ihrem Beginn angekündigt.",
    },
}
