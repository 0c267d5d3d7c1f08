"""The parts of ``benchmarks/ami.py``."""
