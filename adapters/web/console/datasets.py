"""The data sets room of the console: what was built, each with its card and its lineage."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from adapters.web.texts import checked

if TYPE_CHECKING:
    from adapters.web.console.base import Console

_ROOM = "/console/datasets"
_LINES = 200
"""Lines of a lineage on a page."""
_FORMATS = {"sft": "to imitate", "dpo": "of better and worse", "kto": "with their thumbs"}

_WORDS = {
    "Taught": {
        "answer": "The bot's own answers",
        "correction": "Readers' better answers",
        "rewrite": "Answers that an operator wrote",
    },
    "Questions": {
        "made": "Made from the cited sources",
        "by an operator": "Written by an operator",
        "as asked": "As people asked them",
    },
}


def words_of(title: str, name: str) -> str:
    """What a line of the card counts, in words."""
    words = _WORDS.get(title, {}).get(name, name.replace("_", " "))
    return words if "." in words else words[:1].upper() + words[1:]


def add_datasets(router: APIRouter, console: Console) -> None:
    """The room."""

    @router.get("/datasets")
    async def datasets(request: Request) -> Response:
        console.operator(request)
        found = await console.application.datasets.listing()
        return console.render(
            request, "console/datasets.html", "datasets", datasets=found, format_words=_FORMATS
        )

    @router.get("/datasets/{dataset}")
    async def one(request: Request, dataset: str, page: int = 0) -> Response:
        console.operator(request)
        page = min(max(page, 0), 1_000_000)
        name = checked(dataset, "data set", 200)
        told = await console.application.datasets.page(name, _LINES, page * _LINES)
        found = told.dataset
        more = len(told.lines) == _LINES
        return console.render(
            request,
            "console/dataset.html",
            "datasets",
            dataset=found,
            card=found.card,
            format_words=_FORMATS,
            lines=told.lines,
            words_of=words_of,
            counted=[
                ("Taught", found.card["taught"]),
                ("Questions", found.card["questions"]),
                ("Labels", found.card["labels"]),
                ("Most frequent topics", found.card["topics"]["most"]),
                ("Left out", found.dropped),
                ("Sentences checked", found.card["checked"]),
            ],
            newer=f"{_ROOM}/{name}?page={page - 1}" if page else "",
            older=f"{_ROOM}/{name}?page={page + 1}" if more else "",
        )

    @router.post("/datasets/build")
    async def build(
        request: Request,
        wanted: Annotated[str, Form(alias="format")],
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        operator = console.form(request, csrf)
        name = checked(wanted, "format", 50)
        line = await console.application.jobs.build_dataset(name, operator.author.key)
        return RedirectResponse(f"/console/jobs/{line.id}", HTTPStatus.SEE_OTHER)
