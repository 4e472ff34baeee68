"""Columns of Arrow as numpy wants them: nulls told apart, single chunks not copied."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bools = npt.NDArray[np.bool_]


def only_chunk(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    # bringing a single chunk together would copy it
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def present(column: pa.Array) -> Bools:
    """Return where a column has a value."""
    there: Bools = column.is_valid().to_numpy(zero_copy_only=False)
    return there


def filled(mask: pa.Array | pa.ChunkedArray, *, otherwise: bool) -> Bools:
    """Return a mask as numpy, `otherwise` where it is null."""
    whole: Bools = pc.fill_null(only_chunk(mask), otherwise).to_numpy(zero_copy_only=False)
    return whole
