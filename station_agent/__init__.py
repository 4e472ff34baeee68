"""The agent of one station: unattended, durable, small."""
