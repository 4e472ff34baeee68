"""``python -m yizhan`` is ``yizhan``."""

from yizhan.cli import main

main()
