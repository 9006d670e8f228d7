"""Send a letter. Called from tasks only: a mail leaves after the commit that asked for it."""

from collections.abc import Iterable
from dataclasses import asdict
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from partners.services.letters import Letter


def send_letter(letter: Letter, *, to: Iterable[str], identity: str) -> int:
    """Send one mail to each address and return how many went out.

    ``identity`` names what the mail is about, such as ``invitation.<id>``. The Message-ID is made of
    it, so a mail sent again after a crash is recognised as the same one.
    """
    addresses = list(to)
    if not addresses:
        return 0
    text = render_to_string("emails/base.txt", asdict(letter))
    html = render_to_string("emails/base.html", asdict(letter))
    messages = []
    for number, address in enumerate(addresses, start=1):
        message = EmailMultiAlternatives(
            letter.subject, text, to=[address], headers={"Message-ID": message_id(f"{identity}.{number}")}
        )
        message.attach_alternative(html, "text/html")
        messages.append(message)
    return int(get_connection().send_messages(messages) or 0)


def message_id(identity: str) -> str:
    """Return the Message-ID of a mail about something."""
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    return f"<{identity}@{host}>"
