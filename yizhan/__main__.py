"""``python -m yizhan`` is ``yizhan``."""

from yizhan.cli import main

if __name__ == "__main__":
    main()
