"""The benchmark harness runs; figures are looked at elsewhere."""
