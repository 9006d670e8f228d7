"""The plain sentence of each programme rule, as version 1 has it. Later versions bring their own as data."""

SENTENCES: dict[str, dict[str, str]] = {
    "device.age": {
        "en": "A PC has been in use or in distribution for at least {months} months before it is refurbished.",
        "de": "Ein PC war mindestens {months} Monate in Gebrauch oder im Handel, bevor er aufbereitet wird.",
        "fr": "Un PC a été utilisé ou commercialisé pendant au moins {months} mois avant d’être reconditionné.",
        "nl": "Een pc is minstens {months} maanden in gebruik of in de handel geweest voordat hij wordt opgeknapt.",
        "pl": "Komputer był w użyciu lub w obrocie co najmniej {months} mies., zanim zostanie odnowiony.",
    },
    "device.prior_licence": {
        "en": "The PC carried a genuine Windows licence before (Commercial: {commercial}, Citizenship: {citizenship}).",
        "de": "Der PC trug vorher eine echte Windows-Lizenz (Commercial: {commercial}, Citizenship: {citizenship}).",
        "fr": "Le PC portait déjà une licence Windows authentique (Commercial : {commercial}, Citizenship : "
        "{citizenship}).",
        "nl": "De pc had eerder een echte Windows-licentie (Commercial: {commercial}, Citizenship: {citizenship}).",
        "pl": "Komputer miał wcześniej oryginalną licencję Windows (Commercial: {commercial}, Citizenship: "
        "{citizenship}).",
    },
    "device.second_key": {
        "en": "One PC gets no second key within {days} days.",
        "de": "Ein PC bekommt innerhalb von {days} Tagen keinen zweiten Key.",
        "fr": "Un PC ne reçoit pas de deuxième clé dans les {days} jours.",
        "nl": "Eén pc krijgt binnen {days} dagen geen tweede sleutel.",
        "pl": "Jeden komputer nie dostaje drugiego klucza w ciągu {days} dni.",
    },
    "citizenship.windows": {
        "en": "A partner orders at most {per_month} Citizenship Windows licences in a calendar month.",
        "de": "Ein Partner bestellt höchstens {per_month} Citizenship-Windows-Lizenzen im Kalendermonat.",
        "fr": "Un partenaire commande au plus {per_month} licences Windows Citizenship par mois civil.",
        "nl": "Een partner bestelt hoogstens {per_month} Citizenship-Windows-licenties per kalendermaand.",
        "pl": "Partner zamawia najwyżej {per_month} licencji Citizenship Windows w miesiącu kalendarzowym.",
    },
    "citizenship.office": {
        "en": "A partner orders at most {per_month} Citizenship Office licences in a calendar month.",
        "de": "Ein Partner bestellt höchstens {per_month} Citizenship-Office-Lizenzen im Kalendermonat.",
        "fr": "Un partenaire commande au plus {per_month} licences Office Citizenship par mois civil.",
        "nl": "Een partner bestelt hoogstens {per_month} Citizenship-Office-licenties per kalendermaand.",
        "pl": "Partner zamawia najwyżej {per_month} licencji Citizenship Office w miesiącu kalendarzowym.",
    },
    "citizenship.office_share": {
        "en": "In a month a partner orders at most {percent} percent as many Citizenship Office as Windows licences.",
        "de": "Ein Partner bestellt im Monat höchstens {percent} Prozent so viele Citizenship-Office- wie "
        "Windows-Lizenzen.",
        "fr": "Par mois, un partenaire commande au plus {percent} pour cent de licences Office Citizenship "
        "par rapport à Windows.",
        "nl": "Per maand bestelt een partner hoogstens {percent} procent zoveel Citizenship-Office- als "
        "Windows-licenties.",
        "pl": "W miesiącu partner zamawia licencji Citizenship Office najwyżej {percent} procent liczby "
        "licencji Windows.",
    },
    "citizenship.exception": {
        "en": "An exception to the month’s quota lasts {longest_days} days at most.",
        "de": "Eine Ausnahme von der Monatsquote gilt höchstens {longest_days} Tage.",
        "fr": "Une exception au quota du mois dure au plus {longest_days} jours.",
        "nl": "Een uitzondering op het maandquotum duurt hoogstens {longest_days} dagen.",
        "pl": "Wyjątek od limitu miesięcznego trwa najwyżej {longest_days} dni.",
    },
    "order.size": {
        "en": "One order is for 1 to {most} licences.",
        "de": "Eine Bestellung umfasst 1 bis {most} Lizenzen.",
        "fr": "Une commande porte sur 1 à {most} licences.",
        "nl": "Eén bestelling is voor 1 tot {most} licenties.",
        "pl": "Jedno zamówienie obejmuje od 1 do {most} licencji.",
    },
    "order.special_lane": {
        "en": "From {quantity} licences or a net amount of {amount} on, a person of the MAR approves the order.",
        "de": "Ab {quantity} Lizenzen oder einem Nettobetrag von {amount} gibt eine Person des MAR sie frei.",
        "fr": "À partir de {quantity} licences ou d’un montant net de {amount}, une personne du MAR approuve "
        "la commande.",
        "nl": "Vanaf {quantity} licenties of een nettobedrag van {amount} keurt een persoon van de MAR de "
        "bestelling goed.",
        "pl": "Od {quantity} licencji lub kwoty netto {amount} zamówienie zatwierdza osoba z MAR.",
    },
    "order.reservation": {
        "en": "Reserved stock is kept for {hours} hours.",
        "de": "Reservierter Bestand wird {hours} Stunden lang gehalten.",
        "fr": "Le stock réservé est gardé {hours} heures.",
        "nl": "Gereserveerde voorraad wordt {hours} uur vastgehouden.",
        "pl": "Zarezerwowany zapas jest trzymany przez {hours} godz.",
    },
    "order.station": {
        "en": "A station keeps keys for {minutes} minutes at most until it confirms them.",
        "de": "Eine Station hält Schlüssel höchstens {minutes} Minuten, bis sie bestätigt.",
        "fr": "Un poste garde des clés {minutes} minutes au plus, jusqu’à ce qu’il les confirme.",
        "nl": "Een station houdt sleutels hoogstens {minutes} minuten vast tot het ze bevestigt.",
        "pl": "Stanowisko trzyma klucze najwyżej {minutes} minut, dopóki ich nie potwierdzi.",
    },
    "order.waiting": {
        "en": "An order waits {held_days} days at most for what holds it, and {queued_days} days for stock.",
        "de": "Eine Bestellung wartet höchstens {held_days} Tage auf das, was sie hält, und {queued_days} auf Bestand.",
        "fr": "Une commande attend au plus {held_days} jours ce qui la retient, et {queued_days} jours le stock.",
        "nl": "Een bestelling wacht hoogstens {held_days} dagen op wat haar tegenhoudt, en {queued_days} "
        "dagen op voorraad.",
        "pl": "Zamówienie czeka najwyżej {held_days} dni na to, co je wstrzymuje, i {queued_days} dni na zapas.",
    },
    "order.fair_share": {
        "en": "Scarce stock is shared out: {floor} keys for each partner first, then by what each took in {days} days.",
        "de": "Knapper Bestand wird geteilt: je Partner zuerst {floor} Schlüssel, dann nach Abnahme in {days} Tagen.",
        "fr": "Un stock rare est partagé : d’abord {floor} clés par partenaire, puis selon ce que chacun a "
        "pris en {days} jours.",
        "nl": "Schaarse voorraad wordt verdeeld: eerst {floor} sleutels per partner, dan naar wat elk in "
        "{days} dagen afnam.",
        "pl": "Skąpy zapas jest dzielony: najpierw {floor} kluczy na partnera, potem według odbioru z {days} dni.",
    },
    "reveal.person": {
        "en": "One person looks at no more than {per_hour} keys in an hour.",
        "de": "Eine Person sieht höchstens {per_hour} Keys in einer Stunde an.",
        "fr": "Une personne ne regarde pas plus de {per_hour} clés par heure.",
        "nl": "Eén persoon bekijkt niet meer dan {per_hour} sleutels per uur.",
        "pl": "Jedna osoba ogląda najwyżej {per_hour} kluczy w ciągu godziny.",
    },
    "reveal.new_partner": {
        "en": "In its first {for_days} days a partner takes no more than {per_day} keys a day.",
        "de": "In den ersten {for_days} Tagen entnimmt ein Partner höchstens {per_day} Keys am Tag.",
        "fr": "Les {for_days} premiers jours, un partenaire ne prend pas plus de {per_day} clés par jour.",
        "nl": "In de eerste {for_days} dagen neemt een partner niet meer dan {per_day} sleutels per dag.",
        "pl": "W pierwszych {for_days} dniach partner pobiera najwyżej {per_day} kluczy dziennie.",
    },
    "report.ageing": {
        "en": "A key that was taken is reported within {remind_days} days; after {stop_orders_days} days new orders "
        "stop, after {stop_keys_days} days taking keys too.",
        "de": "Ein entnommener Key wird innerhalb von {remind_days} Tagen gemeldet; nach {stop_orders_days} Tagen "
        "ruhen neue Bestellungen, nach {stop_keys_days} Tagen auch die Entnahme.",
        "fr": "Une clé prise est déclarée dans les {remind_days} jours ; après {stop_orders_days} jours les "
        "nouvelles commandes s’arrêtent, après {stop_keys_days} jours la prise de clés aussi.",
        "nl": "Een genomen sleutel wordt binnen {remind_days} dagen gemeld; na {stop_orders_days} dagen "
        "stoppen nieuwe bestellingen, na {stop_keys_days} dagen ook het nemen van sleutels.",
        "pl": "Pobrany klucz zgłasza się w ciągu {remind_days} dni; po {stop_orders_days} dniach ustają nowe "
        "zamówienia, po {stop_keys_days} dniach także pobieranie kluczy.",
    },
    "return.window": {
        "en": "A key can be returned to Microsoft within {days} days of its delivery.",
        "de": "Ein Key kann innerhalb von {days} Tagen nach seiner Lieferung an Microsoft zurückgegeben werden.",
        "fr": "Une clé peut être rendue à Microsoft dans les {days} jours suivant sa livraison.",
        "nl": "Een sleutel kan binnen {days} dagen na levering aan Microsoft worden teruggegeven.",
        "pl": "Klucz można zwrócić Microsoftowi w ciągu {days} dni od jego dostawy.",
    },
    "return.goodwill": {
        "en": "For {days} days after its activation a key can still be returned as goodwill.",
        "de": "Bis {days} Tage nach der Aktivierung kann ein Key noch auf Kulanz zurückgegeben werden.",
        "fr": "Pendant {days} jours après son activation, une clé peut encore être rendue à titre commercial.",
        "nl": "Tot {days} dagen na de activering kan een sleutel nog uit coulance worden teruggegeven.",
        "pl": "Przez {days} dni od aktywacji klucz można jeszcze zwrócić w drodze wyjątku.",
    },
    "label.use": {
        "en": "Up to {spoilage_percent} percent of the labels may be spoilt without a question.",
        "de": "Bis zu {spoilage_percent} Prozent der Etiketten dürfen ohne Rückfrage verdorben sein.",
        "fr": "Jusqu’à {spoilage_percent} pour cent des étiquettes peuvent être gâchées sans question.",
        "nl": "Tot {spoilage_percent} procent van de labels mag zonder vraag bedorven zijn.",
        "pl": "Do {spoilage_percent} procent etykiet może się zepsuć bez pytania.",
    },
    "programme.notice": {
        "en": "A new version of a rule is announced at least {days} days before it takes effect.",
        "de": "Eine neue Fassung einer Regel wird mindestens {days} Tage vor ihrem Beginn angekündigt.",
        "fr": "Une nouvelle version d’une règle est annoncée au moins {days} jours avant son entrée en vigueur.",
        "nl": "Een nieuwe versie van een regel wordt minstens {days} dagen vooraf aangekondigd.",
        "pl": "Nowa wersja reguły jest ogłaszana co najmniej {days} dni przed jej wejściem w życie.",
    },
}
