"""A browser on a busy machine takes its time: what is expected of a page is waited for longer."""

from __future__ import annotations

import importlib.util

import pytest


@pytest.fixture(autouse=True, scope="session")
def _patient_pages() -> None:
    """Playwright's own patience is five seconds."""
    if importlib.util.find_spec("playwright"):
        from playwright.sync_api import expect

        expect.set_options(timeout=60_000)
