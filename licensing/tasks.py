"""The background work of licensing, gathered where Celery looks for it."""

from licensing.tasks_imports import release_batch, sweep_imports, validate_batch

__all__ = ["release_batch", "sweep_imports", "validate_batch"]
