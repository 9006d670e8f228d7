"""The words of questions and refusals in the five languages of the programme. Data, not translations of screens."""

UNCLEAR = {
    "en": "We do not understand this answer fully. Please say it in more detail.",
    "de": "Diese Angabe verstehen wir noch nicht ganz. Bitte beschreiben Sie es genauer.",
    "fr": "Cette réponse n’est pas assez claire pour nous. Merci de la préciser.",
    "nl": "Dit antwoord is voor ons nog niet duidelijk genoeg. Wilt u het nader toelichten?",
    "pl": "Ta odpowiedź nie jest dla nas w pełni jasna. Prosimy o jej doprecyzowanie.",
}
UNREADABLE = {
    "en": "We cannot read the paper you sent. Please hand in a sharper scan with all four edges.",
    "de": "Das eingereichte Dokument ist nicht lesbar. Bitte reichen Sie einen schärferen, vollständigen Scan ein.",
    "fr": "Le document transmis n’est pas lisible. Merci d’envoyer une numérisation nette et complète.",
    "nl": "Het ingediende document is niet leesbaar. Stuur een scherpe en volledige scan.",
    "pl": "Przesłany dokument jest nieczytelny. Prosimy o wyraźny i kompletny skan.",
}
EXPIRED = {
    "en": "The paper you sent is no longer valid. Please hand in the current one.",
    "de": "Das eingereichte Dokument ist abgelaufen. Bitte reichen Sie das gültige ein.",
    "fr": "Le document transmis n’est plus valable. Merci d’envoyer celui en cours de validité.",
    "nl": "Het ingediende document is verlopen. Stuur het geldige document.",
    "pl": "Przesłany dokument stracił ważność. Prosimy o aktualny.",
}
MISSING_EVIDENCE = {
    "en": "We need a paper that shows this. Please upload it.",
    "de": "Dafür brauchen wir einen Nachweis. Bitte laden Sie ihn hoch.",
    "fr": "Il nous faut un justificatif de cette réponse. Merci de le téléverser.",
    "nl": "Hiervoor hebben wij een bewijsstuk nodig. Upload het alstublieft.",
    "pl": "Potrzebujemy dokumentu, który to potwierdza. Prosimy o jego przesłanie.",
}
DOES_NOT_MATCH = {
    "en": "This differs from the public register. Please copy it from the extract, or say why it differs.",
    "de": "Diese Angabe weicht vom Register ab. Bitte übernehmen Sie sie aus dem Auszug oder erklären Sie es.",
    "fr": "Cette réponse diffère du registre public. Merci de la recopier de l’extrait ou d’expliquer l’écart.",
    "nl": "Dit wijkt af van het register. Neem het over uit het uittreksel of leg uit waarom het afwijkt.",
    "pl": "Ta odpowiedź różni się od rejestru. Prosimy przepisać ją z odpisu albo wyjaśnić różnicę.",
}
VAT_NOT_CONFIRMED = {
    "en": "The VAT service does not confirm this number. Please check it, or send the tax office’s confirmation.",
    "de": "Die USt-IdNr. wurde nicht bestätigt. Bitte prüfen Sie sie oder senden Sie die Bestätigung des Finanzamts.",
    "fr": "Ce numéro de TVA n’est pas confirmé. Merci de le vérifier ou d’envoyer l’attestation du fisc.",
    "nl": "Dit btw-nummer is niet bevestigd. Controleer het of stuur de bevestiging van de Belastingdienst.",
    "pl": "Ten numer VAT nie został potwierdzony. Prosimy go sprawdzić lub przesłać potwierdzenie urzędu.",
}
WIPING_NOT_SHOWN = {
    "en": "Please name the standard with its revision, the method and the tool, and add one wiping report.",
    "de": "Bitte nennen Sie Standard mit Revision, Methode und Werkzeug und legen Sie einen Löschbericht bei.",
    "fr": "Merci d’indiquer la norme et sa révision, la méthode et l’outil, et de joindre un rapport d’effacement.",
    "nl": "Noem de norm met revisie, de methode en het hulpmiddel, en voeg één wisrapport toe.",
    "pl": "Prosimy podać normę z wersją, metodę i narzędzie oraz dołączyć jeden raport z kasowania danych.",
}
IMPLAUSIBLE = {
    "en": "This figure surprises us. Please check it, and tell us how you arrive at it.",
    "de": "Diese Zahl überrascht uns. Bitte prüfen Sie sie und sagen Sie uns, wie sie zustande kommt.",
    "fr": "Ce chiffre nous étonne. Merci de le vérifier et d’expliquer comment vous l’obtenez.",
    "nl": "Dit getal verrast ons. Controleer het en vertel hoe u eraan komt.",
    "pl": "Ta liczba nas zaskakuje. Prosimy ją sprawdzić i wyjaśnić, skąd się wzięła.",
}

NOT_A_REFURBISHER = {
    "en": "The programme is for companies that refurbish PCs themselves. Your answers do not show this.",
    "de": "Das Programm ist für Firmen, die PCs selbst aufbereiten. Das geht aus Ihren Angaben nicht hervor.",
    "fr": "Le programme s’adresse aux entreprises qui reconditionnent elles-mêmes. Vos réponses ne le montrent pas.",
    "nl": "Het programma is voor bedrijven die zelf pc’s refurbishen. Dat blijkt niet uit uw antwoorden.",
    "pl": "Program jest dla firm, które same odnawiają komputery. Państwa odpowiedzi tego nie wykazują.",
}
OUTSIDE_AREA = {
    "en": "We may take in partners of the countries of our contract only, and yours is not among them.",
    "de": "Wir dürfen nur Partner aus den Ländern unseres Vertrags aufnehmen; Ihres gehört nicht dazu.",
    "fr": "Notre contrat ne couvre que certains pays, et le vôtre n’en fait pas partie.",
    "nl": "Wij mogen alleen partners uit de landen van ons contract opnemen; uw land hoort daar niet bij.",
    "pl": "Możemy przyjmować partnerów tylko z krajów objętych naszą umową; Państwa kraj do nich nie należy.",
}
NOT_CONFIRMED = {
    "en": "Important facts of your application could not be confirmed by the sources we have to ask.",
    "de": "Wichtige Angaben Ihres Antrags ließen sich in den Quellen, die wir prüfen müssen, nicht bestätigen.",
    "fr": "Des éléments importants de votre demande n’ont pas pu être confirmés par nos sources.",
    "nl": "Belangrijke gegevens uit uw aanvraag konden niet door onze bronnen worden bevestigd.",
    "pl": "Ważne dane z wniosku nie zostały potwierdzone w źródłach, które musimy sprawdzić.",
}
WIPING_WEAK = {
    "en": "The way you wipe disks does not meet a standard that the programme accepts.",
    "de": "Ihre Datenlöschung entspricht keinem Standard, den das Programm anerkennt.",
    "fr": "Votre méthode d’effacement ne répond à aucune norme acceptée par le programme.",
    "nl": "Uw manier van wissen voldoet niet aan een norm die het programma aanvaardt.",
    "pl": "Sposób kasowania danych nie spełnia żadnej normy uznawanej przez program.",
}
NO_ANSWER = {
    "en": "We asked you a question and have no answer after the date we named.",
    "de": "Wir haben Ihnen eine Frage gestellt und bis zum genannten Tag keine Antwort erhalten.",
    "fr": "Nous vous avons posé une question restée sans réponse à la date indiquée.",
    "nl": "Wij stelden u een vraag en kregen vóór de genoemde datum geen antwoord.",
    "pl": "Zadaliśmy pytanie i do wskazanego dnia nie otrzymaliśmy odpowiedzi.",
}
OPEN_DUTIES = {
    "en": "Keys or reports at your earlier MAR are still open. A partner changes with his duties settled.",
    "de": "Bei Ihrem früheren MAR sind noch Keys oder Meldungen offen. Ein Wechsel setzt erledigte Pflichten voraus.",
    "fr": "Des clés ou des rapports restent ouverts chez votre MAR précédent. Ils doivent être réglés d’abord.",
    "nl": "Bij uw vorige MAR staan nog sleutels of rapporten open. Die moeten eerst zijn afgehandeld.",
    "pl": "U poprzedniego MAR pozostają otwarte klucze lub raporty. Najpierw trzeba je rozliczyć.",
}
SANCTIONS = {
    "en": "The law forbids us to contract with persons or companies of a sanctions list that we must observe.",
    "de": "Das Gesetz verbietet uns Verträge mit Personen oder Firmen auf Sanktionslisten, die wir beachten müssen.",
    "fr": "La loi nous interdit de contracter avec des personnes ou sociétés figurant sur une liste de sanctions.",
    "nl": "De wet verbiedt ons contracten met personen of bedrijven op een sanctielijst.",
    "pl": "Prawo zabrania nam umów z osobami lub firmami z list sankcyjnych.",
}
DUPLICATE = {
    "en": "Your company is a partner already, so it needs no second account.",
    "de": "Ihre Firma ist bereits Partner und braucht kein zweites Konto.",
    "fr": "Votre entreprise est déjà partenaire et n’a pas besoin d’un second compte.",
    "nl": "Uw bedrijf is al partner en heeft geen tweede account nodig.",
    "pl": "Państwa firma jest już partnerem i nie potrzebuje drugiego konta.",
}

NEXT_FINDER = {
    "en": "Buy refurbished PCs with a licence from one of the partners of our public list.",
    "de": "Kaufen Sie lizenzierte, aufbereitete PCs bei einem Partner aus unserer öffentlichen Liste.",
    "fr": "Achetez des PC reconditionnés avec licence auprès d’un partenaire de notre liste publique.",
    "nl": "Koop gerefurbishte pc’s met licentie bij een partner uit onze openbare lijst.",
    "pl": "Odnowione komputery z licencją można kupić u partnera z naszej publicznej listy.",
}
NEXT_OTHER_MAR = {
    "en": "Ask Microsoft for the MAR of your country.",
    "de": "Fragen Sie Microsoft nach dem MAR Ihres Landes.",
    "fr": "Demandez à Microsoft quel est le MAR de votre pays.",
    "nl": "Vraag Microsoft naar de MAR van uw land.",
    "pl": "Prosimy zapytać Microsoft o MAR właściwego kraju.",
}
NEXT_PROOF = {
    "en": "Collect papers that prove the facts, then appeal or apply again.",
    "de": "Sammeln Sie Nachweise und legen Sie dann Widerspruch ein oder bewerben Sie sich erneut.",
    "fr": "Réunissez des justificatifs, puis faites appel ou déposez une nouvelle demande.",
    "nl": "Verzamel bewijsstukken en maak dan bezwaar of vraag opnieuw aan.",
    "pl": "Prosimy zebrać dowody, a potem odwołać się lub złożyć nowy wniosek.",
}
NEXT_WIPING = {
    "en": "Introduce a listed standard such as NIST SP 800-88, keep its reports, then apply again.",
    "de": "Führen Sie einen gelisteten Standard wie NIST SP 800-88 ein und bewerben Sie sich danach erneut.",
    "fr": "Adoptez une norme listée comme NIST SP 800-88, conservez les rapports, puis déposez une demande.",
    "nl": "Voer een erkende norm in, zoals NIST SP 800-88, bewaar de rapporten en vraag opnieuw aan.",
    "pl": "Prosimy wdrożyć uznaną normę, np. NIST SP 800-88, zachować raporty i złożyć nowy wniosek.",
}
NEXT_AGAIN = {
    "en": "Apply again whenever you are ready.",
    "de": "Bewerben Sie sich erneut, wann immer Sie bereit sind.",
    "fr": "Déposez une nouvelle demande quand vous serez prêt.",
    "nl": "Vraag opnieuw aan wanneer u zover bent.",
    "pl": "Nowy wniosek można złożyć w dowolnej chwili.",
}
NEXT_DUTIES = {
    "en": "Settle what is open with your earlier MAR, keep its confirmation, then apply again.",
    "de": "Klären Sie die offenen Punkte mit Ihrem früheren MAR und bewerben Sie sich mit dessen Bestätigung erneut.",
    "fr": "Réglez les points ouverts avec votre MAR précédent, puis revenez avec sa confirmation.",
    "nl": "Rond de open punten af met uw vorige MAR en vraag opnieuw aan met diens bevestiging.",
    "pl": "Prosimy rozliczyć się z poprzednim MAR i złożyć nowy wniosek z jego potwierdzeniem.",
}
NEXT_AUTHORITY = {
    "en": "If you believe it is a mistake of name, appeal and send papers that prove who you are.",
    "de": "Liegt eine Namensverwechslung vor, legen Sie Widerspruch ein und weisen Sie Ihre Identität nach.",
    "fr": "S’il s’agit d’une homonymie, faites appel et joignez les preuves de votre identité.",
    "nl": "Is het een naamsverwisseling, maak dan bezwaar en stuur bewijs van uw identiteit.",
    "pl": "Jeśli to pomyłka nazwiska, prosimy się odwołać i przesłać dowód tożsamości.",
}
NEXT_SIGN_IN = {
    "en": "Ask the owner of your company’s account for an invitation.",
    "de": "Bitten Sie den Inhaber des Kontos Ihrer Firma um eine Einladung.",
    "fr": "Demandez une invitation au propriétaire du compte de votre entreprise.",
    "nl": "Vraag de eigenaar van het account van uw bedrijf om een uitnodiging.",
    "pl": "Prosimy poprosić właściciela konta firmy o zaproszenie.",
}
