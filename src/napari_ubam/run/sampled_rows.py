"""Some rows of a table that may be too long for memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.tables import TEXT

CHUNK = 200_000  # rows in memory


def sampled_rows(path: Path, most: int, seed: int = 0) -> tuple[pd.DataFrame, int]:
    """Read a random sample of the rows of a CSV file of a run, in bounded memory.

    Parameters
    ----------
    path : Path
        File.
    most : int
        Number of rows; all, if the file has no more.
    seed : int
        Random seed.

    Returns
    -------
    rows : DataFrame
        In the order of the file. Labels of recordings are text.
    count : int
        Number of rows of the file.

    Raises
    ------
    RunError
        If the file cannot be read.
    """
    generator, kept, count = np.random.default_rng(seed), pd.DataFrame(), 0
    try:
        chunks = pd.read_csv(path, dtype=dict.fromkeys(TEXT, str), keep_default_na=False, chunksize=CHUNK)
        with chunks:
            for chunk in chunks:
                count += len(chunk)
                # The rows with the smallest random keys are a sample without replacement of all.
                keyed = chunk.assign(_key=generator.random(len(chunk)))
                kept = pd.concat([kept, keyed]).nsmallest(most, "_key") if len(kept) or len(keyed) else kept
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}); compute the result again.") from error
    return kept.sort_index().drop(columns="_key", errors="ignore"), count
