"""The files of a data set: whether they are still what was curated."""

from __future__ import annotations

from bot.errors import TrainingError
from persona.datasets import Dataset
from persona.forgetting_files import both_digests, digest_of


def check_files(dataset: Dataset) -> None:
    """Look whether the files are those that were built: what was put into them by hand went through
    no curation, and the lineage would name turns that it does not come from. Half a gigabyte takes
    a second. Raises TrainingError."""
    again = f"build it anew with `wellspoken dataset build --format {dataset.format}`."
    try:
        digests = digest_of(dataset.train_file), digest_of(dataset.validation_file)
    except FileNotFoundError as error:
        reason = f"{error.filename}, a file of data set {dataset.id}, is gone; {again}"
        raise TrainingError(reason=reason) from error
    except OSError as error:
        reason = f"{error.filename} cannot be read ({error.strerror}); check its permissions."
        raise TrainingError(reason=reason) from error
    if both_digests(*digests) != dataset.digest:
        reason = f"the files of data set {dataset.id} were changed since it was built; {again}"
        raise TrainingError(reason=reason)
