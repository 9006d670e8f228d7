"""The road to Microsoft: readers and writers of its files, their schemas, and a simulator of its answers.

Pure Python: no database, no settings, no clock. Microsoft's own spelling (Fulfillment) lives only in here.
"""
