"""Deciding what is wrong: rules over batches, in order of receipt."""
