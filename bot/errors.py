"""The error tree.

Each class docstring is the message a person reads: it says what happened and what
to do about it. Placeholders are filled from the keyword arguments, which stay
available as ``error.data``.
"""

from __future__ import annotations

from inspect import cleandoc


class WellspokenError(Exception):
    """Something went wrong inside Wellspoken; the log names the place."""

    exit_code = 1
    public = "something went wrong on our side"
    """The reason as anybody in a chat may read it: no address, no path, no setting."""

    def __init__(self, message: str | None = None, **data: object) -> None:
        self.data = data
        text = message or " ".join(cleandoc(type(self).__doc__ or "").split()).format_map(data)
        super().__init__(text)


# -- wrong usage or configuration: exit code 2 --------------------------------------------


class UsageError(WellspokenError):
    """The request cannot be carried out as written; see --help for an example."""

    exit_code = 2


class ConfigurationError(UsageError):
    """{where}: {problem}"""


class QuestionError(UsageError):
    """The question cannot be asked: {problem}"""


class NotFoundError(UsageError):
    """There is no {kind} "{id}"; list what there is and use one of those names."""


class MissingFileError(UsageError):
    """{path} does not exist; check the path."""


# -- the model server ---------------------------------------------------------------------


class ModelError(WellspokenError):
    """The model server did not give an answer; try again in a moment."""

    public = "the language model does not answer just now"


class ModelUnavailableError(ModelError):
    """The model server at {url} cannot be reached; check OPENAI_BASE_URL and that it runs."""


class ModelTimeoutError(ModelError):
    """The model server at {url} took longer than {seconds:g} s; try again, or allow it more
    in [models] of wellspoken.toml."""


class ModelRefusedError(ModelError):
    """The model server refused the request ({status}): {reason}"""


class ModelOverloadedError(ModelError):
    """The model server is over its rate limit; try again in a moment."""


class ModelFailedError(ModelError):
    """The model server at {url} failed ({status}); try again in a moment, its log has the cause."""


class ModelBrokenAnswerError(ModelError):
    """The model server's answer broke off or could not be read; try again."""


# -- chat platforms -------------------------------------------------------------------------


class ChatError(WellspokenError):
    """{platform} could not carry out the request ({method}): {reason}"""


class ChatUnavailableError(ChatError):
    """{platform} cannot be reached ({method}: {reason}); it is tried again."""


class ChatLimitedError(ChatUnavailableError):
    """{platform} asks for patience ({method}: {seconds:g} s); it is tried again."""

    @property
    def seconds(self) -> float:
        """How long to wait."""
        return float(str(self.data["seconds"]))


class ChatRefusedError(ChatError):
    """{platform} refused the request ({method}): {reason}"""


# -- storage --------------------------------------------------------------------------------


class StorageError(WellspokenError):
    """The database could not carry out the request; the log has its own words."""


class DatabaseUnavailableError(StorageError):
    """The database {url} cannot be reached ({reason}); start it or correct DATABASE_URL."""


class DatabaseFileError(DatabaseUnavailableError):
    """The database file {url} cannot be used ({reason}); check the permissions of its folder, or
    name another with WELLSPOKEN_HOME or DATABASE_URL."""


class DatabaseRightsError(StorageError):
    """The database {url} does not allow it ({reason}); give its user the right to create tables and
    to write to them."""

    exit_code = 2


class DatabaseNewerError(StorageError):
    """The database is at revision {found}, newer than this program; install the newer version."""

    exit_code = 2


class DatabaseMovedError(StorageError):
    """This database was moved to {target} and takes nothing any more; set DATABASE_URL to that one,
    or take the move back with `wellspoken db move --undo`."""

    exit_code = 2


class DatabaseFillingError(StorageError):
    """{url} is being filled by a move that has not ended; repeat `wellspoken db move`."""

    exit_code = 2


class DatabaseHeldError(StorageError):
    """The database is held for a moment while it is moved; try again."""


class DatabaseBusyError(StorageError):
    """Another process holds the database {path} for too long; stop it or try again."""


class DatabaseDamagedError(StorageError):
    """The file {path} cannot be used as a database: {reason}. Restore it from a backup or move
    it away."""


class LeaseLostError(StorageError):
    """{what} was taken over by another process; this one stops working on it."""


class DiskFullError(StorageError):
    """The disk of {path} is full; free some space and repeat, nothing stored was lost."""


# -- knowledge ------------------------------------------------------------------------------


class KnowledgeError(WellspokenError):
    """The knowledge base could not carry out the request."""

    public = "the knowledge base cannot be reached just now"


class UnreadableDocumentError(KnowledgeError):
    """The document cannot be read: {reason}"""


class SourceUnavailableError(KnowledgeError):
    """{source} cannot be fetched: {reason}"""


class IngestRunningError(KnowledgeError):
    """Source "{source}" is being read in by another process; wait for it or stop it."""


class StoreRemovedError(KnowledgeError):
    """The knowledge store {path} was removed while it was in use; read the documents in again with
    `wellspoken ingest`."""


class StoreUnavailableError(KnowledgeError):
    """The knowledge store at {url} cannot be reached ({reason}); start it or correct its
    address."""


class StoreTimeoutError(StoreUnavailableError):
    """The knowledge store at {url} took longer than {seconds:g} s; try again, its log has the
    cause."""


class StoreKeyError(StoreUnavailableError):
    """The knowledge store at {url} refuses the key ({reason}); correct WEAVIATE_API_KEY."""


class StoreReadOnlyError(StoreUnavailableError):
    """The knowledge store at {url} takes no changes ({reason}); free some space on its disk and
    repeat, nothing stored was lost."""


class StoreFileError(StoreUnavailableError):
    """The knowledge file {url} cannot be used ({reason}); check the permissions of its folder, or
    name another with WELLSPOKEN_HOME."""


class StoreMismatchError(KnowledgeError):
    """The knowledge store holds vectors of {found}, but {wanted} is set; set it back, or build an
    index for it with `wellspoken knowledge reindex`."""


class StoreBrokenError(KnowledgeError):
    """The knowledge file {path} cannot be read ({reason}); move it away and ingest anew."""


class StoreNewerError(KnowledgeError):
    """The knowledge file {path} is of version {found}, newer than this program; install the newer
    version."""


class CollectionNewerError(KnowledgeError):
    """The collection {name} was made by a newer version of this program ({found}); install that
    version."""


class CollectionForeignError(KnowledgeError):
    """The collection {name} was not made by this program ({reason}); set another one in [weaviate]
    of wellspoken.toml."""


class LiveFactError(KnowledgeError):
    """ "{name}" cannot be looked up just now: {reason}"""

    public = "that cannot be looked up just now"


class EmbedderError(KnowledgeError):
    """The built-in embedder {path} cannot be loaded ({reason}); install Wellspoken anew."""


class CheckerError(KnowledgeError):
    """The built-in checker {path} cannot be loaded ({reason}); install Wellspoken anew."""


# -- the voice ------------------------------------------------------------------------------


class TrainingError(WellspokenError):
    """The voice could not be trained: {reason}"""


class TooFewExamplesError(TrainingError):
    """{needed} usable examples are needed and {found} found, {missing} more; approve or
    rewrite more answers with `wellspoken feedback review` or in the console's Review."""


class TrainerMissingError(TrainingError):
    """{python} cannot train ({reason}); install the extra with pip install "wellspoken[train]", or
    name a Python that has it with [tuning] python."""


class TuningRefusedError(TrainingError):
    """The service refused to fine-tune ({reason}); train on your own machine with
    `wellspoken tune start --backend local`, or set OPENAI_BASE_URL to a service that does."""


class TuningUnavailableError(TrainingError):
    """The fine-tuning service at {url} cannot be reached ({reason}); the job goes on there, watch
    it again with `wellspoken tune watch {job}`."""


class RoundRunningError(TrainingError):
    """Round {job} is still running; wait for it with `wellspoken tune watch {job}`, or end it with
    `wellspoken tune cancel {job}`."""


class ReleaseError(WellspokenError):
    """The version cannot be released: {reason}"""


class AdaptersNotLoadableError(ReleaseError):
    """{url} cannot load adapters while it runs; start vLLM with --enable-lora and
    VLLM_ALLOW_RUNTIME_LORA_UPDATING=True, or serve with `wellspoken tune serve`."""


class GateNotPassedError(ReleaseError):
    """{version} has not passed the gate; run `wellspoken models gate {version} --suite SUITE`, or
    promote it with --force --reason TEXT."""


class CanaryRejectedError(ReleaseError):
    """{version} was rejected as a canary ({why}); no later pass of the gate makes that good. Train
    another one, or use --force --reason TEXT."""
