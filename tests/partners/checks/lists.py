"""Sanctions lists of made-up names, in both forms."""

from xml.sax.saxutils import quoteattr

COLUMNS = (
    "id", "schema", "name", "aliases", "birth_date", "countries", "addresses", "identifiers", "sanctions", "phones",
    "emails", "program_ids", "dataset", "first_seen", "last_seen", "last_change",
)  # fmt: skip


def entity(
    number: int,
    *names: str,
    kind: str = "person",
    programme: str = "INV",
    country: str = "ZZ",
    extra: str = "",
) -> str:
    """Return one sanctionEntity as the EU writes it."""
    aliases = "".join(
        f'<nameAlias firstName="" middleName="" lastName="" wholeName={quoteattr(name)} function="" gender="" '
        f'title="" nameLanguage="" strong="{"true" if place == 0 else "false"}" regulationLanguage="en" '
        f'logicalId="{number}{place}"><regulationSummary regulationType="amendment" publicationDate="2026-01-02"/>'
        "</nameAlias>"
        for place, name in enumerate(names)
    )
    return (
        f'<sanctionEntity designationDetails="" unitedNationId="" euReferenceNumber="EU.{number}.1" '
        f'logicalId="{number}"><remark>Invented.</remark><regulation regulationType="amendment" '
        f'organisationType="commission" publicationDate="2026-01-02" numberTitle="1/2026" programme="{programme}" '
        f'logicalId="9{number}"><publicationUrl>http://example.invalid/</publicationUrl></regulation>'
        f'<subjectType code="{kind}" classificationCode="{kind[0].upper()}"/>{aliases}'
        f'<citizenship region="" countryIso2Code="{country}" countryDescription="X"/>{extra}</sanctionEntity>'
    )


def eu_list(*entities: str, published: str = "2026-11-10") -> bytes:
    """Return a list as the EU publishes it."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="{published}T17:00:34.049+01:00" '
        f'globalFileId="1">{"".join(entities)}</export>'
    ).encode()


def row(**values: str) -> dict[str, str]:
    """Return one line of OpenSanctions' CSV."""
    given = {
        "id": "NK-1",
        "schema": "Person",
        "name": "Xaver Quendelfink",
        "countries": "zz",
        "dataset": "Invented list",
        "last_seen": "2026-11-11T09:00:00",
    }
    return dict.fromkeys(COLUMNS, "") | given | values


def simple_csv(*rows: dict[str, str]) -> bytes:
    """Return a file as OpenSanctions publishes it."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
