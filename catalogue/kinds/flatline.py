"""flatline: a value that ought to move and does not."""

from pydantic import Field

from catalogue.kinds.spec import Spec


class Flatline(Spec):
    """The levels hold while the subject field stays within ``tolerance`` of where its stillness began.

    A reading further away is normal, and stillness begins anew with it. So a level's ``for`` is how long it
    must have stood still; as ever, covered time. Level conditions narrow it. Each subject field of a device
    is followed for itself; the instance is the device's and shows the field that stood still longest.
    """

    tolerance: float = Field(default=0.0, ge=0)
