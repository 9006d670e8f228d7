"""Step 1 of the road: a refurbisher applies, two people decide, the owner joins and accepts the terms."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partners.rules.quiz import parse_questions
from portal.demo.course import QUESTIONS_EN
from tests.e2e import road_review
from tests.e2e.browsing import Person
from tests.e2e.stack import Stack
from tests.e2e.totp import AuthenticatorApp
from tests.factories.applications import ANSWERS, RIGHT_ANSWERS, page_answers

PASSWORD = "four brave words together"


@dataclass(frozen=True)
class Applicant:
    """Who applies, from where, and what his pages say differently from the usual answers."""

    company: str
    vat_id: str
    name: str
    email: str
    country: str = "DE"
    kind: str = "shop"
    branch: str = "new"

    def pages(self) -> dict[str, dict[str, Any]]:
        """Return the answers of each page with fields, in the order of the task list."""
        own = {"company": self.company, "contact_name": self.name, "contact_email": self.email}
        if self.vat_id:
            own["vat_id"] = self.vat_id
        names = [name for name in ANSWERS if name != "transfer" or self.branch != "new"]
        return {name: page_answers(name, self.country, own, kind=self.kind) for name in names}


@dataclass(frozen=True)
class Owner:
    """The new partner's owner: browser, authenticator app and recovery codes."""

    person: Person
    app: AuthenticatorApp
    recovery_codes: tuple[str, ...]
    partner_code: str


def account_of(stack: Stack, key: str) -> dict[str, Any]:
    """Return a demo person's account, as `bin/portal accounts --json` prints it."""
    people = json.loads(stack.must("accounts", "--json"))["people"]
    found: dict[str, Any] = next(person for person in people if person["key"] == key)
    return found


def sign_in(person: Person, email: str, password: str, code: str) -> None:
    """Sign in by password and second factor."""
    person.go("/accounts/login/")
    person.fill(login=email, password=password)
    person.press("Sign in")
    person.page.wait_for_url("**/accounts/2fa/authenticate/**")
    person.fill(code=code)
    person.press("Sign in")
    person.page.wait_for_url(lambda url: "/accounts/" not in url)


def apply(person: Person, applicant: Applicant, *, paper: Path | None = None) -> str:
    """Apply from the public page to the confirmation, and return the reference."""
    begin(person, applicant)
    for name, answers in applicant.pages().items():
        fill_page(person, name, answers, paper=paper)
    pass_test(person)
    agree(person, applicant)
    return send(person)


def begin(person: Person, applicant: Applicant) -> None:
    """Begin a draft on the public page."""
    person.go("/")
    person.page.get_by_role("link", name="Apply to join").first.click()
    for name in ("kind", "branch"):
        person.page.locator(f"main [name='{name}'][value='{getattr(applicant, name)}']").check()
    person.fill(country=applicant.country, contact_email=applicant.email)
    person.press("Begin the application")
    person.page.wait_for_url("**/apply/tasks/")


def fill_page(person: Person, name: str, answers: dict[str, Any], *, paper: Path | None = None) -> None:
    """Fill one page and save it."""
    person.go(f"/apply/pages/{name}/")
    for field, value in answers.items():
        _answer(person, field, value)
    if paper is not None and person.page.locator("main [name='charity_proof']").count():
        person.page.locator("main [name='charity_proof']").set_input_files(paper)
    person.press("Save and continue")
    person.page.wait_for_url(lambda url: not url.endswith(f"/apply/pages/{name}/"))


def pass_test(person: Person) -> None:
    """Answer the six questions; one wrong answer may be among them."""
    person.go("/apply/knowledge/")
    for name, right in RIGHT_ANSWERS.items():
        person.page.locator(f"main [name='{name}'][value='{right}']").check()
    person.press("Hand in the answers")
    person.reads("6 of 6 answers are right.")


def agree(person: Person, applicant: Applicant) -> None:
    """Agree to the statement."""
    person.go("/apply/statement/")
    person.fill(name=applicant.name, role="Owner")
    person.page.locator("main [name='agreed']").check()
    person.press("I agree")
    person.page.wait_for_url("**/apply/tasks/")


def send(person: Person) -> str:
    """Check the answers and send; return the reference."""
    person.go("/apply/answers/")
    person.press("Send the application")
    person.page.wait_for_url("**/apply/status/")
    found = re.search(r"A-[A-Z2-9]{6}", person.page.locator("main").inner_text())
    assert found is not None
    return found.group()


def _answer(person: Person, field: str, value: Any) -> None:
    inputs = person.page.locator(f"main [name='{field}']")
    if not inputs.count():
        return  # not asked of this applicant
    if isinstance(value, bool):
        inputs.set_checked(value)
    elif isinstance(value, list):
        for one in value:
            person.page.locator(f"main [name='{field}'][value='{one}']").check()
    else:
        person.fill(**{field: str(value)})


def review(person: Person, reference: str) -> None:
    """Review as the first person; deciding is then closed to him, by page and by address."""
    road_review.claim(person, reference)
    case = person.page.url
    road_review.recommend(person)
    person.page.goto(case)
    person.reads("Needs one more: not you")
    assert person.page.locator("main").get_by_role("button", name="Approve").count() == 0


def try_to_decide(person: Person) -> None:
    """Send the decision by hand, as the person who reviewed: refused, and nothing is decided."""
    address = person.page.url.partition("?")[0]
    with person.refused(403):
        person.page.evaluate(
            """path => {
                const form = document.createElement("form");
                form.method = "post";
                form.action = path;
                const token = document.querySelector("[name=csrfmiddlewaretoken]").cloneNode();
                const fields = {credit_limit: "5000", monthly_quantity: "80", families: "commercial"};
                for (const [name, value] of Object.entries(fields)) {
                    const input = document.createElement("input");
                    input.name = name;
                    input.value = value;
                    form.append(input);
                }
                form.append(token);
                document.body.append(form);
                form.submit();
            }""",
            f"{address.rstrip('/')}/approve/",
        )
        person.page.wait_for_url("**/approve/")
    person.page.goto(address)
    person.reads("Needs one more: not you")


def approve(person: Person, reference: str) -> str:
    """Approve as the second person and return the new partner's code."""
    road_review.open_case(person, reference)
    person.fill(credit_limit="5000", monthly_quantity="80")
    person.press("Approve")
    person.reads("The invitation is on its way.")
    road_review.open_case(person, reference)
    found = re.search(r"TPR-\d{4}", person.page.locator("main").inner_text())
    assert found is not None
    return found.group()


def join(person: Person, applicant: Applicant, partner_code: str) -> Owner:
    """Take the invitation from the mail, choose a password, enrol the app, keep the codes, accept."""
    _open_mail(person, applicant.email)
    person.page.locator("main a[href*='/join/']").first.click()
    assert person.heading == "Welcome"
    person.fill(password=PASSWORD, again=PASSWORD)
    person.press("Join")
    app = _enrol(person)
    codes = tuple(person.page.locator(".codes li").all_inner_texts())
    assert len(set(codes)) == 10
    person.follow("I have kept them, go on")
    _accept_terms(person)
    _pass_training(person)
    return Owner(person, app, codes, partner_code)


def _open_mail(person: Person, address: str) -> None:
    """Open the newest mail with an invitation for an address; the worker may still be sending it."""
    for _ in range(60):
        person.go("/demo/mail/")
        mails = person.page.locator("main tr, main li, main article").filter(has_text=address)
        invitations = mails.filter(has_text="invit")
        if invitations.count():
            invitations.first.get_by_role("link").first.click()
            return
        person.page.wait_for_timeout(500)
    raise AssertionError(f"no invitation for {address} came")


def _enrol(person: Person) -> AuthenticatorApp:
    """Type the code of the secret that the page shows; a wrong one is refused first."""
    person.page.wait_for_url("**/accounts/2fa/totp/activate/")
    person.fill(code="000000")
    person.press("Switch on")
    person.reads("Incorrect code.")
    app = AuthenticatorApp(person.page.locator(".walk .copy-row .mono").inner_text())
    person.fill(code=app.code())
    person.press("Switch on")
    person.page.wait_for_url("**/accounts/2fa/recovery-codes/**")
    return app


def _accept_terms(person: Person) -> None:
    """Go where the portal leads, which is the terms, and accept them."""
    person.page.wait_for_load_state()
    person.go("/terms/")
    person.page.locator("input[name=agreed]").check()
    person.press("Accept the terms")
    person.reads("Accepted. One thing is left: one of you passes this training.")


def _pass_training(person: Person) -> None:
    """Read the course that the portal led to, and answer each question of its test as the demo's key says."""
    person.press("Begin the test")
    for question in parse_questions(QUESTIONS_EN):
        for place in question.right:
            person.page.get_by_label(question.choices[place], exact=True).check()
    person.press("Hand in")
    assert person.heading == "Passed"
