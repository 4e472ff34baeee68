"""The command line, the demo: the only package that knows all parts."""
