"""What no template may hold under the content security policy, and what each page must have."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

ROOT = Path(settings.BASE_DIR) / "templates"
# A PDF's template is read by the renderer, never by a browser.
FILES = sorted(
    str(file.relative_to(ROOT)) for file in ROOT.rglob("*.html") if file.relative_to(ROOT).parts[0] != "pdf"
)
FORBIDDEN = {
    "a style attribute": r"<[^>]*\sstyle\s*=",
    "a style element": r"<style\b",
    "an event handler": r"<[^>]*\son[a-z]+\s*=",
    "an inline script": r"<script(?![^>]*\b(?:src=|type=\"application/json\"))",
    "a script address": r"href\s*=\s*[\"']javascript:",
    "hx-on": r"hx-on[:=-]",
    "an evaluated htmx value": r"hx-(?:vals|headers|vars)=[\"']js:",
    "a filter of an htmx trigger": r"hx-trigger=[\"'][^\"']*\[",
    "a foreign address": r"(?:src|href)=[\"'](?:https?:)?//",
}


@pytest.mark.parametrize("name", FILES)
def test_a_template_keeps_to_the_content_security_policy(name: str) -> None:
    source = re.sub(r"{#.*?#}|{% comment %}.*?{% endcomment %}", "", (ROOT / name).read_text(), flags=re.S)
    found = [what for what, pattern in FORBIDDEN.items() if re.search(pattern, source)]
    # No policy of ours reaches a mail program; its style sheet is what makes a mail narrow and dark.
    assert found == (["a style element"] if name.startswith("emails/") else [])


@pytest.mark.parametrize("name", FILES)
def test_a_template_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("status", ["400", "403", "403_csrf", "404", "405", "413", "429", "500", "503"])
def test_an_error_page_says_what_happened_and_the_way_out_without_a_request(status: str) -> None:
    drawn = get_template(f"{status}.html").render({"request_id": "01JD9T7Q2K8M"})
    assert drawn.count("<h1>") == 1
    assert 'class="btn btn-primary"' in drawn
    assert "01JD9T7Q2K8M" in drawn
    assert "noindex" in drawn


def test_a_mail_has_one_link_and_the_same_words_as_text() -> None:
    facts = {
        "subject": "Keys",
        "sentence": "10 keys of order 1042 are ready.",
        "button_label": "Open the order",
        "button_url": "https://portal.example/orders/1042/",
    }
    page, text = (get_template(f"emails/base.{kind}").render(facts) for kind in ("html", "txt"))
    assert page.count("<a href=") == 1
    for words in (
        "10 keys of order 1042 are ready.",
        "Open the order",
        "https://portal.example/orders/1042/",
    ):
        assert words in page
        assert words in text
    assert "<" not in text
