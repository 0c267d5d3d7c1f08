"""What the benchmarks on real Asterisk are made of."""
