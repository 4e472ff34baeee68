"""The gateway: stores what stations send, and answers for it."""
