"""All rooms of the console, opened."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Depends
from fastapi.params import Depends as DependsOn

from adapters.web.auth.signing_in import add_sign_in
from adapters.web.console.advice import add_advice
from adapters.web.console.ask_again import add_again
from adapters.web.console.audit import add_audit
from adapters.web.console.base import PAGE, Console
from adapters.web.console.conversations import add_conversations
from adapters.web.console.costs import add_costs
from adapters.web.console.datasets import add_datasets
from adapters.web.console.documents import add_documents
from adapters.web.console.feedback import add_feedback
from adapters.web.console.first_run import add_first_run
from adapters.web.console.gaps import add_gaps
from adapters.web.console.gates import add_gates
from adapters.web.console.jobs import add_jobs
from adapters.web.console.knowledge import add_knowledge
from adapters.web.console.models import add_models
from adapters.web.console.people import add_people
from adapters.web.console.persona import add_persona
from adapters.web.console.playground import add_playground
from adapters.web.console.preview import add_preview
from adapters.web.console.processes import add_processes
from adapters.web.console.review import add_review
from adapters.web.console.routing import add_routing
from adapters.web.console.scorecards import add_scorecards
from adapters.web.console.settings import add_settings
from adapters.web.console.suites import add_suites
from adapters.web.console.today import add_today
from adapters.web.console.training import add_training
from adapters.web.console.turn import add_story
from adapters.web.console.uploads import add_uploads
from adapters.web.console.watch import add_watch
from adapters.web.security import own_forms_only


def console_router(console: Console, first: Sequence[DependsOn] = ()) -> APIRouter:
    """All rooms of the console; ``first`` is what every request to them waits for."""
    router = APIRouter(
        prefix="/console",
        include_in_schema=False,
        dependencies=[*first, Depends(own_forms_only), Depends(console.guard)],
    )
    add_sign_in(router, console)
    add_today(router, console)
    add_conversations(router, console, PAGE)
    add_story(router, console)
    add_playground(router, console)
    add_again(router, console)
    add_review(router, console)
    add_feedback(router, console, PAGE)
    add_knowledge(router, console, PAGE)
    add_uploads(router, console)
    add_documents(router, console)
    add_preview(router, console, PAGE)
    add_gaps(router, console, PAGE)
    add_costs(router, console)
    add_watch(router, console)
    add_advice(router, console)
    add_routing(router, console)
    add_persona(router, console)
    add_datasets(router, console)
    add_training(router, console)
    add_gates(router, console)
    add_suites(router, console)
    add_scorecards(router, console, PAGE)
    add_models(router, console)
    add_audit(router, console)
    add_people(router, console)
    add_jobs(router, console, PAGE)
    add_processes(router, console)
    add_settings(router, console)
    add_first_run(router, console)
    return router
