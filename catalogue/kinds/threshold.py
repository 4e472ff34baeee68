"""threshold: a value of the reading that is judged, compared."""

from catalogue.kinds.spec import Spec


class Threshold(Spec):
    """Levels are asked at every reading that is judged (see `Rule`), and at nothing else.

    Needs no block. ``for`` counts covered time between readings at which the level held; a reading at which
    it does not hold begins it anew, one at which it is unknown pauses it.
    """
