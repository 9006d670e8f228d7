"""The demo's course: what a refurbisher has to know before his first order."""

COURSE_CODE = "digital-licences"
COURSE_TITLE = "How digital licences work"

READING_EN = """A digital licence is a product key for one refurbished PC. It has no sticker that proves it; what \
counts is the report that binds the key to the hardware of that PC. Whoever sells the PC without that report \
sells a PC that will not stay activated.

Which PCs. The PC carried a Microsoft product before, was in use for at least six months, and still has its original \
motherboard. A board of another make or model makes a new PC, and a refurbisher's licence does not fit it. Repairing a \
PC for its own owner is not refurbishing.

Wiping. Every disk is sanitised by NIST SP 800-88, and you keep the proof: standard and revision, method, tool, \
result. A quick format is not wiping.

Keys. One key is for one PC. It never leaves your house on paper, in a mail or in a chat, and it is never handed to \
another shop or to a customer without its PC. When a key is lost or stolen, tell the MAR at once: it can be blocked.

Reporting. Report each build before the PC leaves. Microsoft answers, usually within hours. Only when the answer is \
green may the PC be sold.

Labels. The refurbisher label goes on the bottom of a laptop, and anywhere but the front of a desktop. The old label \
is removed or struck through so that its number can still be read.

Citizenship licences cost less because they go to charities, schools and other approved recipients only, each with \
proof. They are never sold to anybody else."""

READING_DE = """Eine digitale Lizenz ist ein Product Key für einen aufgearbeiteten PC. Es gibt keinen Aufkleber als \
Nachweis; es zählt die Meldung, die den Schlüssel an die Hardware dieses PCs bindet.

Welche PCs. Der PC trug schon ein Microsoft-Produkt, war mindestens sechs Monate in Gebrauch und hat noch seine \
ursprüngliche Hauptplatine. Eine Platine anderer Marke oder anderen Modells macht einen neuen PC daraus.

Löschen. Jeder Datenträger wird nach NIST SP 800-88 gelöscht, und der Nachweis wird aufbewahrt.

Schlüssel. Ein Schlüssel gehört zu einem PC. Er wird nie ohne den PC weitergegeben. Verlust oder Diebstahl melden Sie \
sofort dem MAR.

Melden. Jeder PC wird gemeldet, bevor er das Haus verlässt. Erst bei grüner Antwort darf er verkauft werden.

Aufkleber. Der Aufkleber des Aufarbeiters sitzt beim Notebook unten, beim Desktop nicht vorn. Der alte wird entfernt \
oder so durchgestrichen, dass die Nummer lesbar bleibt.

Citizenship-Lizenzen gehen nur an anerkannte Empfänger mit Nachweis."""

QUESTIONS_EN = """# A laptop got a board of another model; the old one was broken. May it get a licence?
- Yes, a board is only a spare part.
+ No: with another board it is a new PC.
- Yes, if the MAR's label is on it.
> Only a board of the identical make and model keeps the PC what it was.

# How long must a PC have been in use before it may be refurbished under the programme?
- It need not have been used.
- One month.
+ Six months.
- Three years.
> It was in use, or in distribution, for at least six months, and carried a Microsoft product before.

# How is a disk prepared?
- By a quick format.
- By deleting the customer's folders.
+ By sanitising it to NIST SP 800-88, with proof kept.
> The proof names standard and revision, method, tool and result.

# A friendly shop has run out of keys and asks for two of yours. What do you do?
- Send them by mail; he is a partner of the same MAR.
+ Refuse: a key is never passed on without its PC.
- Sell them at the price you paid.
> Loose keys are the worst misuse of the programme. He can order from one licence up, at any hour.

# When may a PC leave your house?
- As soon as Windows is installed.
- When the invoice is paid.
+ When its build is reported and Microsoft has enabled the activation.
> A PC that leaves earlier may stop being activated at the customer's.

# Where does the refurbisher label go? Choose every right answer.
+ On the bottom of a laptop.
+ On the side or back of a desktop.
- On the front of a desktop.
> Anywhere on a desktop but its front; on a laptop the bottom.

# Who may get a PC with a Citizenship licence?
- Anybody who asks for a discount.
- Any business in your country.
+ A charity, a school or another approved recipient, with proof.
> Each order names the recipient. Others get a Commercial licence.

# A laptop with a key in your records was stolen from the van. What do you do?
+ Tell the MAR at once.
- Wait whether it turns up.
- Use the key for another PC.
> The MAR can block the key. A key that somebody has seen is never used twice.
"""

QUESTIONS_DE = """# Ein Notebook bekam eine Platine eines anderen Modells. Darf es eine Lizenz bekommen?
- Ja, eine Platine ist nur ein Ersatzteil.
+ Nein: mit anderer Platine ist es ein neuer PC.
- Ja, wenn der Aufkleber des MAR daran ist.
> Nur eine Platine gleicher Marke und gleichen Modells lässt den PC, was er war.

# Wie lange muss ein PC in Gebrauch gewesen sein?
- Gar nicht.
- Einen Monat.
+ Sechs Monate.
- Drei Jahre.
> Mindestens sechs Monate, und er trug schon ein Microsoft-Produkt.

# Wie wird ein Datenträger vorbereitet?
- Durch Schnellformatieren.
- Durch Löschen der Kundenordner.
+ Durch Löschen nach NIST SP 800-88 mit Nachweis.
> Der Nachweis nennt Standard und Revision, Verfahren, Werkzeug und Ergebnis.

# Ein befreundeter Betrieb bittet um zwei Ihrer Schlüssel. Was tun Sie?
- Per Mail senden; er hat denselben MAR.
+ Ablehnen: ein Schlüssel wird nie ohne PC weitergegeben.
- Zum Einkaufspreis verkaufen.
> Lose Schlüssel sind der schlimmste Missbrauch. Er kann jederzeit ab einer Lizenz bestellen.

# Wann darf ein PC das Haus verlassen?
- Sobald Windows installiert ist.
- Wenn die Rechnung bezahlt ist.
+ Wenn er gemeldet ist und Microsoft die Aktivierung freigegeben hat.
> Sonst kann die Aktivierung beim Kunden enden.

# Wo sitzt der Aufkleber des Aufarbeiters? Wählen Sie alle richtigen Antworten.
+ Unten am Notebook.
+ Seitlich oder hinten am Desktop.
- Vorn am Desktop.
> Am Desktop überall außer vorn, am Notebook unten.

# Wer darf einen PC mit Citizenship-Lizenz bekommen?
- Jeder, der nach Rabatt fragt.
- Jede Firma im Land.
+ Eine gemeinnützige Organisation, eine Schule oder ein anderer anerkannter Empfänger, mit Nachweis.
> Jede Bestellung nennt den Empfänger. Andere bekommen eine Commercial-Lizenz.

# Ein Notebook mit Schlüssel wurde gestohlen. Was tun Sie?
+ Den MAR sofort informieren.
- Abwarten.
- Den Schlüssel für einen anderen PC verwenden.
> Der MAR kann den Schlüssel sperren. Ein gezeigter Schlüssel wird nie zweimal verwendet.
"""
