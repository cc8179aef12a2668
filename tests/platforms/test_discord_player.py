"""The script that plays people works against a real client, from its lines alone."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from discord import Interaction, ui

from tests.platforms.command import ROOT
from tests.platforms.discord_app import App, redirected

_SCRIPT = """
# a question, a thumb, and what people see
say @wellspoken roses & tulips?
wait 5
press answer Good
react answer 👍
press answer sideways
dance
thread thanks
post Roses | When?
calls
quit
"""


async def test_a_script_of_lines_is_played(tmp_path: Path) -> None:
    """It prints what to start the service with, plays its lines, and shows what people see."""
    script = tmp_path / "script"
    script.write_text(_SCRIPT, "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.platforms.discord_player", "--port", "0", "--script", script,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    given: dict[str, str] = {}
    while len(given) < 2:
        name, _, value = (await process.stdout.readline()).decode().strip().partition("=")
        given[name.removeprefix("export ")] = value
    app = App()

    class Rating(ui.View):
        """One button."""

        @ui.button(label="Good", custom_id="good")
        async def good(self, interaction: Interaction, _: ui.Button[Any]) -> None:
            await interaction.response.defer()

    @app.event
    async def on_message(message: Any) -> None:
        if app.user in message.mentions:
            thread = await message.create_thread(name="Roses")
            await thread.send("Water at night", view=Rating(timeout=None))

    with redirected(given["DISCORD_API_URL"]):
        running = asyncio.create_task(app.start(given["DISCORD_TOKEN"]))
        told = (await process.stdout.read()).decode()
        await process.wait()
        await app.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert process.returncode == 0
    assert "#garden Ada\n    @wellspoken roses & tulips?" in told
    assert "#Roses ↳ wellspoken\n    Water at night\n    [Good]" in told
    assert "👍 1" in told
    assert "! AssertionError: nothing to press called 'sideways' among ['Good']" in told
    assert "? dance: one of about, archive, as, ask" in told
    assert "post 'Roses' has tags []" in told
    assert "1 start_thread_from_message" in told
