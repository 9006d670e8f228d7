"""Passkeys in a real browser with a virtual authenticator: set up, sign in, confirm, name, take off."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import CDPSession

from tests.e2e.browsing import Crowd, Person
from tests.e2e.road_joining import account_of
from tests.e2e.stack import Stack


@dataclass
class Device:
    """A virtual authenticator in a person's browser: a laptop with a fingerprint reader."""

    session: CDPSession
    id: str

    @classmethod
    def of(cls, person: Person) -> "Device":
        """Put one into the browser."""
        session = person.context.new_cdp_session(person.page)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return cls(session, made["authenticatorId"])

    def credentials(self) -> list[dict[str, Any]]:
        """Return the passkeys it keeps."""
        found = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        return list(found["credentials"])

    def is_verified(self, value: bool) -> None:
        """Say whether the finger on the reader is the right one."""
        self.session.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": value})


def _set_up(person: Person, name: str) -> None:
    person.go("/accounts/2fa/webauthn/add/")
    person.fill(name=name)
    person.press("Use this device or a key")
    person.page.wait_for_url("**/accounts/2fa/")


def _sign_out(person: Person) -> None:
    person.go("/accounts/logout/")
    person.press("Sign out")
    person.page.wait_for_url(lambda url: "logout" not in url)


def test_a_passkey_signs_in_alone_confirms_and_is_the_second_step(crowd: Crowd, stack: Stack) -> None:
    person = crowd.demo_person("ben")
    account = account_of(stack, "ben")
    device = Device.of(person)
    _set_up(person, "Ben's laptop")
    assert [credential["rpId"] for credential in device.credentials()] == ["localhost"]
    assert device.credentials()[0]["isResidentCredential"] is True

    _sign_out(person)
    person.go("/accounts/login/")
    person.press("Sign in with a passkey")
    person.page.wait_for_url("**/tpr/**")

    person.go("/accounts/2fa/webauthn/reauthenticate/?next=/tpr/orders/")
    person.press("Use your passkey")
    # Not a pattern: the page before names this address in its query.
    person.page.wait_for_url(f"{person.watch.base_url}/tpr/orders/")

    _sign_out(person)
    person.go("/accounts/login/")
    person.fill(login=account["email"], password=account["password"])
    person.press("Sign in")
    person.page.wait_for_url("**/accounts/2fa/authenticate/**")
    person.press("Use a passkey or security key")
    person.page.wait_for_url("**/tpr/**")

    person.go("/accounts/2fa/webauthn/")
    person.reads("Ben's laptop")
    person.page.get_by_role("link", name="Rename Ben's laptop").click()
    person.fill(name="Old laptop")
    person.press("Save the name")
    person.page.get_by_role("link", name="Take off Old laptop").click()
    person.press("Take it off")
    person.page.wait_for_url("**/accounts/2fa/webauthn/")
    person.reads("No passkey yet")
    (left,) = stack.one(
        "SELECT count(*) FROM mfa_authenticator a JOIN core_user u ON u.id = a.user_id"
        " WHERE u.email = %s AND a.type = 'webauthn'",
        account["email"],
    )
    assert left == 0


def test_the_wrong_finger_gets_words_and_nothing_else(crowd: Crowd) -> None:
    person = crowd.demo_person("finja")
    device = Device.of(person)
    _set_up(person, "Desk")
    _sign_out(person)
    device.is_verified(False)
    person.go("/accounts/login/")
    person.press("Sign in with a passkey")
    person.reads("That did not work, and nothing was changed.")
    assert person.path == "/accounts/login/"
    device.is_verified(True)
    person.press("Sign in with a passkey")
    person.page.wait_for_url("**/tpr/**")


def test_a_passkey_that_was_taken_off_opens_nothing(crowd: Crowd) -> None:
    person = crowd.demo_person("rolf")
    device = Device.of(person)
    _set_up(person, "Gone")
    person.go("/accounts/2fa/webauthn/")
    person.page.get_by_role("link", name="Take off Gone").click()
    person.press("Take it off")
    person.page.wait_for_url("**/accounts/2fa/webauthn/")
    _sign_out(person)
    assert len(device.credentials()) == 1
    person.go("/accounts/login/")
    person.press("Sign in with a passkey")
    person.reads("Incorrect code.")
    person.go("/tpr/")
    assert person.path.startswith("/accounts/login/")
