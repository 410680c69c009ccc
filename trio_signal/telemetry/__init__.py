"""What operators see: logs and metrics. The only owner of metric names."""
