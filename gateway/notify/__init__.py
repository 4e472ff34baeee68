"""Channels to people: one module a channel, texts in both languages, links to acknowledge."""
