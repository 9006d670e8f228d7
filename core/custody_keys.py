"""The keys of custody, read from settings in one place."""

from django.conf import settings

from core.crypto import MasterKey


def master_key() -> MasterKey:
    """Return the master key that wraps every batch's data key."""
    return MasterKey(settings.MASTER_KEY_ID, settings.MASTER_KEY)


def blind_index_key() -> bytes:
    """Return the key of the blind index; it is never the master key."""
    return bytes(settings.BLIND_INDEX_KEY)


def decoy_key() -> bytes:
    """Return the key of the marks by which a decoy is known."""
    return bytes(settings.DECOY_KEY)


def seal_key() -> bytes:
    """Return the key that signs checkpoints and manifests."""
    return bytes(settings.SEAL_KEY)
