"""Hold a checkpoint that left the house against the chains of today."""

import base64
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.tenancy import mar_scope
from reporting.rules.checkpoint import NotACheckpoint, read_file
from reporting.services.checkpoints import verify_against


class Command(BaseCommand):
    """Verify the signature, then every chain against what the file says; exit 1 when anything differs."""

    help = (
        "Verify a checkpoint's file with nothing but the file and the public key, and find a rewritten chain."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file and the key."""
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--public-key", type=Path, required=True, help="a file with the 32 bytes as base64, kept apart"
        )

    def handle(self, *_args: Any, file: Path, public_key: Path, **_options: Any) -> None:
        """Verify and report."""
        try:
            key = base64.b64decode(public_key.read_text(encoding="utf-8").strip(), validate=True)
            facts = read_file(file.read_bytes(), public_key=key)
        except (OSError, ValueError, NotACheckpoint) as error:
            raise CommandError(f"{file}: {error}") from error
        self.stdout.write(f"signature: sound. Made {facts['made_at']}.")
        with mar_scope():
            problems = verify_against(facts, at=timezone.now())
        for problem in problems:
            self.stdout.write(f"BROKEN. {problem}")
        if problems:
            sys.exit(1)
        self.stdout.write("chains: as they were when the file was made, and longer.")
