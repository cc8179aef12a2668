"""Who has a gap, on the command line: taken, given, given back, listed."""

from __future__ import annotations

from pathlib import Path

from tests.platforms.command import Cli

KEY = "Who holds the key of the pump house?"
TOKENS = {"WELLSPOKEN_CONSOLE_REVIEWER_TOKEN": "the-reviewer's-token"}


def test_a_gap_goes_from_hand_to_hand(tmp_path: Path) -> None:
    """Each change is printed, in words and in JSON; who has it is not passed over unasked."""
    cli = Cli(tmp_path, TOKENS)
    cli("ask", KEY)
    (gap,) = cli.json("gaps", "list", "--json")
    assert gap["owner"] is None
    taken = cli.json("gaps", "take", gap["gap"], "--json")
    assert (taken["gap"], taken["state"]) == (gap["gap"], "open")
    assert (taken["owner"]["key"], taken["owner"]["name"]) == ("terminal:operator", "terminal")
    refused = cli("gaps", "take", gap["gap"], "--owner", "web:operator")
    assert refused.returncode == 2
    assert f"terminal has {gap['gap']}; ask them, or take it over with --over." in refused.stderr
    over = cli("gaps", "take", gap["gap"], "--owner", "web:reviewer-token", "--over")
    assert over.stdout == f"{gap['gap']}: web:reviewer-token has it\n"
    (mine,) = cli.json("gaps", "list", "--owner", "web:reviewer-token", "--json")
    assert mine["owner"]["key"] == "web:reviewer-token"
    assert "web:reviewer-token has it" in cli("gaps", "show", gap["gap"]).stdout
    for nobody in ("nobody", "me"):
        assert cli("gaps", "list", "--owner", nobody).stdout == "no gaps\n"
    assert cli("gaps", "release", gap["gap"]).stdout == f"{gap['gap']}: nobody has it\n"
    assert len(cli.json("gaps", "list", "--owner", "nobody", "--json")) == 1
    for wrong in (("take", gap["gap"], "--owner", "web:kim"), ("list", "--owner", "web:kim")):
        told = cli("gaps", *wrong)
        assert (told.returncode, len(told.stderr.strip().splitlines())) == (2, 1)
        assert '"web:kim" is nobody who could have a gap' in told.stderr
        assert "web:reviewer-token" in told.stderr
    assert cli("gaps", "release", "gap0").returncode == 2
