"""What pages and API both ask."""
