"""How the operational database came to its present tables."""
