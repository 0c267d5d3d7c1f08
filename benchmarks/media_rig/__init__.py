"""The rig of ``benchmarks/media.py``: cheap far ends for many calls, written in C."""
