"""A case at the MAR: claimed, asked back, recommended, decided by somebody else."""

from tests.e2e.browsing import Person


def open_case(person: Person, reference: str) -> None:
    """Open a case from the queue by its reference."""
    person.go(f"/mar/applications/?queue=all&q={reference}")
    person.follow(reference)
    person.page.wait_for_url("**/applications/*-*/**")


def claim(person: Person, reference: str) -> None:
    """Take a case."""
    open_case(person, reference)
    person.press("Claim this case")
    person.reads("This case is yours now.")


def ask_back(person: Person, key: str, reason: str) -> None:
    """Ask about one answer of the case that is open, with the words of the reason."""
    person.page.locator(f"main input[name='field'][value='{key}']").check()
    person.press("Ask back about the ticked answers")
    person.page.wait_for_url("**/ask/**")
    person.page.locator(f"main select[name='{key}-reason_code']").select_option(reason)
    person.press("Send the questions")
    person.reads("Asked. The applicant gets a mail")


def recommend(person: Person, *, proposal: str = "approve", reason: str = "") -> None:
    """Recommend the case that is open."""
    person.fill(note="Register entry and VAT number checked.")
    person.page.locator(f"main input[name='recommendation'][value='{proposal}']").check()
    if reason:
        person.fill(reason_code=reason)
    person.press("Recommend")
    person.reads("is reviewed. Another person decides now.")


def refuse(person: Person, reference: str) -> None:
    """Refuse as the second person, with the reason the reviewer proposed."""
    open_case(person, reference)
    person.follow("Refuse …")
    person.press("Refuse the application")
    person.reads(f"{reference} is refused.")
