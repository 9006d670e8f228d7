"""One state as people see it."""

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise

Tone = Literal["neutral", "info", "success", "warning", "danger"]
Text = str | Promise
Code = str | int | None


@dataclass(frozen=True, slots=True)
class Status:
    """One state as people see it."""

    label: Text
    tone: Tone
    icon: str
    sentence: Text = ""
