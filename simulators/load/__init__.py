"""Load: thousands of light stations that speak the wire from a few connections."""
