"""From report objects to bytes; only pdf.py knows WeasyPrint."""
