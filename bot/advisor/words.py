"""Word families: what a task's words mean here. Words count with all their inflections.

A family is a list of words; ``_`` joins the words of a phrase. To teach the advisor another
wording, add its word to the family that means it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise

from bot.lexical import terms, words

FAMILIES: Mapping[str, str] = {
    # -- what is worked on ----------------------------------------------------------------
    "code": """code coding programming programmer snippet boilerplate function unit_test
        autocomplete codebase software developer refactor script sdk program copilot stub""",
    "sql": """sql text-to-sql text2sql nl2sql postgres snowflake bigquery data_warehouse
        database_query stored_procedure dbt""",
    "database": "database schema table column warehouse join relational erp_data star_schema",
    "translate": """translate translation translator localise localize localisation localization
        multilingual interpreter bilingual""",
    "terminology": """terminology terminologies term glossary jargon vocabulary nomenclature
        wording proprietary in-house termbase house_terms special_words technical_language""",
    "content": """content copy copywriting copywriter description newsletter marketing blog slogan
        advert advertisement advertising ad campaign social_media post tagline caption email
        article_writing product_text landing_page press_release""",
    "diagnosis": """diagnosis diagnose diagnostic diagnostics triage radiology pathology
        clinical_decision differential symptom clinical_assessment clinical_classification""",
    "medical": """medical medicine clinical biomedical health healthcare drug pharmaceutical
        pharmacology disease doctor physician patient oncology clinician nurse hospital clinic
        pubmed cancer treatment therapy""",
    "literature": """literature paper study studies journal publication pubmed research trial
        abstract meta-analysis scientific systematic_review article evidence""",
    "finance": """finance financial investment investing portfolio equity equities credit valuation
        earnings stock_picking trading fund asset analyst banking company_accounts balance_sheet
        bond hedge underwriting loan quarterly""",
    "method": """method methodology methodologies model framework approach formula scoring score
        technique proprietary rating playbook rulebook way_of_working own_rules""",
    "legal": """legal law lawyer attorney solicitor barrister statute court precedent litigation
        paralegal contract jurisprudence judgment judgement case-law ruling counsel tribunal""",
    "news": """news headline newsroom newswire breaking current_affairs current_events journalism
        journalist press_agency ticker happening_right_now""",
    "rules": """regulation regulatory regulator compliance legislation directive statutory
        rulebook gdpr law rule standards authority authorities""",
    "watch": """monitor monitoring track tracking watch alert follow radar keep_up surveillance
        detect scan horizon keep_an_eye stay_on_top keep_abreast observe""",
    "hr": """hr human_resources human_resource personnel payroll annual_leave parental_leave
        sick_leave vacation benefits people_team pension maternity paternity paid_leave
        time_off holiday_entitlement employee_handbook staff_handbook leave_policy
        holiday_policy sickness""",
    "enterprise": """enterprise internal company corporate intranet organisation organization
        company-wide workplace staff employee colleague department in-house firm team
        business_unit engineer""",
    "knowledge": """knowledge wiki confluence sharepoint notion handbook search find information
        runbook knowledge_base lookup look_up question know-how documentation document
        answer""",
    "documents": """document documentation doc page file article record archive corpus collection
        library pdf manual wiki guide policy policies knowledge_base report contract catalogue
        catalog faq handbook help_center help_centre""",
    "huge": """million billion huge massive vast enormous terabyte petabyte immense gigantic
        hundreds_of_thousands very_large""",
    "query": "query querying queries ask_the_database",
    "complex": """complex intricate complicated undocumented convoluted sprawling hundreds_of_tables
        thousands_of_tables""",
    # -- whom it serves -------------------------------------------------------------------
    "service": """customer client support helpdesk help_desk service_desk shopper buyer
        customer_care service_agent call_center call_centre contact_center contact_centre
        ticket caller guest subscriber consumer""",
    "shop": """shop shopping store retail retailer e-commerce ecommerce webshop boutique
        merchandise storefront checkout shopper marketplace buyer""",
    "care": """healthcare health_care patient clinic hospital health telehealth medical_practice
        health_insurer pharmacy telemedicine nurse carer""",
    # -- what it must be ------------------------------------------------------------------
    "make": """generate generation generator write writing produce complete completion autocomplete
        snippet boilerplate stub unit_test script
        draft copilot create creation suggest author emit synthesise synthesize assistant
        turn_into convert conversion""",
    "own": """internal private proprietary own in-house our company closed bespoke custom
        undocumented homegrown home-grown""",
    "voice": """voice tone brand branded on-brand branding style personality persona empathetic
        empathy warm warmth bedside_manner manner house_style consistent_way speak_alike
        character friendly_way sound_like sound sounds same_way consistent consistently""",
    "current": """current fresh up-to-date up_to_date latest live real-time today now availability
        stock price pricing inventory changing change changes updated update accurate fact facts
        factual moving new_products opening_hours appointment daily weekly hourly""",
    "changing": """changing change changes changed update updates updated updating revise revised
        frequently evolve evolving release weekly daily constantly volatile hourly refresh
        moving keep_moving""",
    "interface": "api framework endpoint backend interface sdk",
    "small": """small fast cheap tiny compact lightweight quick low-latency latency millisecond
        milliseconds inexpensive edge on-device distilled snappy little""",
    "narrow": """narrow single one_task one_job one_thing specific classify classifier
        classification tag tagging extract extraction categorise categorize label labelling labeling
        intent repetitive same_task only_ever sort sorting spam sentiment specialised specialized
        one_question just_one""",
    "scale": """scale million high-volume volume throughput thousands per_second per_day a_day
        every_day a_month per_month bulk mass hundreds billion""",
}

NEGATIONS = frozenset(
    """no not never without don't doesn't isn't aren't neither nor hardly cannot can't won't
    shouldn't needn't rarely seldom""".split()
)
_DENIED = frozenset({"wrong", "outdated", "stale", "false", "mistaken", "behind"})
"""What takes a negation away again: "never wrong about prices"."""
_REACH = 5
"""How many words a negation reaches: "no need for a brand voice"."""


def stems(text: str) -> list[tuple[str, bool]]:
    """The stems of a text in order, each with whether it is negated within its clause."""
    found: list[tuple[str, bool]] = []
    for clause in _clauses(text):
        reach = 0
        for word, after in pairwise((*words(clause), "")):
            if after in _DENIED:
                reach = 0
            elif word in NEGATIONS or word.endswith("n't"):
                reach = _REACH + 1
            found.extend((stem, reach > 0) for stem in terms(word))
            reach = max(0, reach - 1)
        found.append(("", False))
    return found


def _clauses(text: str) -> list[str]:
    for mark in (",", ";", ". ", ":", "\n", " but ", "!", "?", " – ", " - "):
        text = text.replace(mark, "\0")
    return text.split("\0")


@cache
def _family(name: str) -> tuple[tuple[str, ...], ...]:
    return tuple(
        dict.fromkeys(tuple(terms(entry.replace("_", " "))) for entry in FAMILIES[name].split())
    )


def means(text: list[tuple[str, bool]], name: str) -> bool:
    """Whether a text (:func:`stems`) has a word of a family that is not negated."""
    plain = [stem for stem, _ in text]
    for entry in _family(name):
        for at in _places(plain, entry):
            if not text[at][1]:
                return True
    return False


def _places(plain: list[str], entry: tuple[str, ...]) -> list[int]:
    size = len(entry)
    return [at for at in range(len(plain) - size + 1) if tuple(plain[at : at + size]) == entry]
