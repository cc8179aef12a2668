"""From `/wellspoken opt-in` to the data set, and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.chat.base import Place
from adapters.governance.people import PeopleDesk
from bot.conversation import Platform
from bot.errors import TrainingError
from bot.settings import Settings, load_settings
from bot.store.audit import AuditTrail
from persona.datasets import DatasetBook
from persona.outliving import WITHDRAWN
from tests.integration.test_forgetting import ANN, BEN, OPERATOR, Home
from tests.platforms.chat_desk import office
from tests.platforms.chat_fake import FakeChat


class Asking(Home):
    """A home in which silence is no consent."""

    @property
    def settings(self) -> Settings:
        return load_settings(WELLSPOKEN_HOME=self.folder, training={"consent": "opt-in"})


async def test_who_opts_in_is_taught_until_they_opt_out(tmp_path: Path) -> None:
    """Only their turns are in; opting out marks what was built, and the next one is without."""
    room = Place(Platform.SLACK, "T1", "C1")
    async with office(tmp_path / "home", FakeChat()) as here:
        home = Asking(tmp_path / "home", here.app.database)
        for fact, author in ((0, ANN), (1, ANN), (2, ANN), (3, BEN), (4, BEN)):
            await home.rate(await home.turn(fact, author), author)
        with pytest.raises(TrainingError, match="no consent: 5"):
            await home.build()
        await here.desk.command("opt-in", ANN, room)
        book = DatasetBook(home.database)
        made = await home.build()
        assert (made.examples, made.dropped["no consent"]) == (3, 2)
        assert {line.asker for line in await book.examples(made.id)} == {ANN.key}
        assert WITHDRAWN not in (await book.get(made.id)).card

        await here.desk.command("opt-out", ANN, room)
        assert (await book.get(made.id)).card[WITHDRAWN] == 3
        assert (await book.get(made.id)).examples == 3  # nothing was erased
        with pytest.raises(TrainingError, match="no consent: 5"):
            await home.build()
        await here.desk.command("opt-in", ANN, room)
        assert (await book.get(made.id)).card[WITHDRAWN] == 0

        people = PeopleDesk(home.database, AuditTrail(home.database), home.folder, home.clock)
        channel = (await here.app.history.recent(1))[0].channel
        for author, allowed in ((ANN, False), (BEN, True)):
            await people.choose(
                author.key, allowed, by=OPERATOR, source="e-mail of 3 May", channel=channel
            )
        again = await home.build()
        assert {line.asker for line in await book.examples(again.id)} == {BEN.key}
        assert (await book.get(made.id)).card[WITHDRAWN] == 3
        assert await home.audit.verify() is None
