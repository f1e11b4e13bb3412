"""What programs talk to: an OpenAI-compatible `/v1`, `/healthz` and `/metrics`."""
