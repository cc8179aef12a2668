"""Which questions ask a live source, what they ask it with, and which are for documents alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Message, Principal, Role
from bot.ports import LivePlan
from bot.query import rewrite
from knowledge.live.asking import question_back
from knowledge.live.deciding import MOST_FACTS, Offer, plan

STOCK = Offer(
    "stock",
    "Price and units in stock of a product, by its code",
    (("code", "the product's code, like AX-100"),),
)
ORDERS = Offer(
    "orders",
    "State of an order and when it arrives",
    (("number", "the order's number, like 10482"),),
)
TICKETS = Offer(
    "tickets", "State and assignee of a support ticket", (("id", "the ticket's id, like SUP-1042"),)
)
WEATHER = Offer(
    "weather", "Current temperature and wind in a city", (("city", "the city, like Berlin"),)
)
STATUS = Offer("status", "Whether the service is up, and since when")
ALL = (STOCK, ORDERS, TICKETS, WEATHER, STATUS)
EVERYBODY = Principal()


def planned(text: str, *said: str, offers: tuple[Offer, ...] = ALL) -> LivePlan:
    """The plan for a message after what was said before, the user first."""
    roles = (Role.USER, Role.ASSISTANT)
    history = [Message(roles[i % 2], s) for i, s in enumerate(said)]
    return plan(offers, text, rewrite(text, history), history, EVERYBODY)


def wanted(text: str, *said: str, offers: tuple[Offer, ...] = ALL) -> list[tuple[str, str]]:
    """The sources that a message asks, with the first value of each."""
    wants = planned(text, *said, offers=offers).wants
    return [(w.source, w.values[0][1] if w.values else "") for w in wants]


@pytest.mark.parametrize(
    ("text", "source", "value"),
    [
        ("How much is the AX-100?", "stock", "AX-100"),
        ("Is the AX-100 in stock?", "stock", "AX-100"),
        ("price and stock of AX-100", "stock", "AX-100"),
        ("AX100 cost", "stock", "AX-100"),
        ("I want to buy two AX-100, how much would that be?", "stock", "AX-100"),
        ("What would an AX-100 set me back?", "stock", "AX-100"),
        ("tell me the price of the ax-100", "stock", "AX-100"),
        ("Could you tell me how much the AX-100 is?", "stock", "AX-100"),
        ("how many of the AX-100 do you have?", "stock", "AX-100"),
        ("are there AX-100s in stock?", "stock", "AX-100"),
        ("do you still have AX-100?", "stock", "AX-100"),
        ("Hi! Is the AX-100 back in stock? Thanks", "stock", "AX-100"),
        ("Price & availability AX-100?", "stock", "AX-100"),
        ("stock AX-100", "stock", "AX-100"),
        ("What is the current price of the red AX-100 pump?", "stock", "AX-100"),
        ("Was kostet der AX-100?", "stock", "AX-100"),
        ("Ist der AX-100 auf Lager?", "stock", "AX-100"),
        ("Habt ihr AX-100 da?", "stock", "AX-100"),
        ("Wie viele AX-100 sind noch da?", "stock", "AX-100"),
        ("Combien coûte le AX-100 ?", "stock", "AX-100"),
        ("¿Cuánto cuesta el AX-100?", "stock", "AX-100"),
        ("My order 10482, where is it?", "orders", "10482"),
        ("any news on order #10482", "orders", "10482"),
        ("has 10482 shipped yet", "orders", "10482"),
        ("Wann kommt Bestellung 10482?", "orders", "10482"),
        ("Is SUP-1042 resolved?", "tickets", "SUP-1042"),
        ("who is working on SUP-7?", "tickets", "SUP-7"),
        ("How cold is it in Oslo right now?", "weather", "Oslo"),
        ("Is the service down?", "status", ""),
    ],
)
def test_a_question_for_a_fact_asks_its_source(text: str, source: str, value: str) -> None:
    """Price, stock, order, ticket, weather, service: by words, with the value in the question."""
    assert (source, value) in wanted(text)


@pytest.mark.parametrize(
    "text",
    [
        "How do I clean the AX-100?",
        "What does the AX-100 weigh?",
        "How much water does the AX-100 need?",
        "How much pressure is there in the AX-100?",
        "Why is the AX-100 so expensive?",
        "Does the price of the AX-100 include shipping?",
        "How much does a filter for the AX-100 cost?",
        "How much does it cost to repair an AX-100?",
        "How much is shipping for the AX-100?",
        "How much does shipping cost?",
        "Is the AX-100 available in black?",
        "Are spare parts of the AX-100 available?",
        "Is the AX-100 manual available as PDF?",
        "Is there a stock photo of the AX-100?",
        "What happens if the AX-100 is out of stock?",
        "What are your prices?",
        "Do you have a price list?",
        "Where is the serial number of the AX-100?",
        "Where are the AX-100 made?",
        "Where is your office?",
        "Where are you?",
        "When was the AX-100 released?",
        "How can I cancel order 10482?",
        "How do I track my order?",
        "What is the maximum order value?",
        "How do I open a ticket?",
        "Does the AX-100 work in cold weather?",
        "What are the service hours?",
        "What does error E42 on the AX-100 mean?",
        "Which order of steps is right for the AX-100?",
        "Wie reinige ich den AX-100?",
        "Was wiegt der AX-100?",
        "Is express delivery available?",
        "hello",
        "who are you?",
    ],
)
def test_a_question_for_documents_asks_no_source(text: str) -> None:
    """A code, a price or a state in a question is not enough: the fact must be asked for."""
    assert planned(text) == LivePlan()


@pytest.mark.parametrize(
    "text",
    [
        "Is it in stock?",
        "How much is it?",
        "What is the current price?",
        "Is the product in stock?",
        "What's the stock level?",
        "How much does this cost?",
        "Ist es auf Lager?",
        "Is it still available?",
    ],
)
def test_a_missing_value_is_asked_for(text: str) -> None:
    """Where nothing else is in the question, it is asked which product is meant."""
    found = planned(text)
    assert found.ask == "Which product? Tell me the product's code, like AX-100."
    assert not found.wants and found.reason


def test_an_order_is_asked_for_by_its_number() -> None:
    """What is asked back is made of the parameter's own description."""
    assert (
        planned("Where is my order?").ask == "Which order? Tell me the order's number, like 10482."
    )
    back = question_back(["the code of the article, e.g. 4711", "a city, like Rome"])
    assert (
        back == "Which article? Tell me the code of the article, e.g. 4711 and a city, like Rome."
    )


def test_the_answer_to_what_was_asked_back_is_taken() -> None:
    """The value of the next message fills the question before; no value is no question."""
    asked = ("Is it in stock?", "Which product? Tell me the product's code, like AX-100.")
    found = planned("ax200 please", *asked)
    assert [(w.values, w.topics) for w in found.wants] == [((("code", "AX-200"),), {"stock"})]
    assert planned("I do not know", *asked).wants == ()
    assert planned("How much is the AX-300?", *asked).wants[0].topics == {"price"}


PRICED = ("How much is the AX-100?", "Price of AX-100: 49.00 EUR. [1] (as of 10:42 UTC)")


@pytest.mark.parametrize(
    ("text", "value", "topic"),
    [
        ("and the AX-200?", "AX-200", "price"),
        ("What about the MG-200?", "MG-200", "price"),
        ("Und der AX-200?", "AX-200", "price"),
        ("AX-300", "AX-300", "price"),
        ("Is it in stock?", "AX-100", "stock"),
        ("And in stock?", "AX-100", "stock"),
        ("how many are left?", "AX-100", "stock"),
        ("and now?", "AX-100", "price"),
    ],
)
def test_a_follow_up_takes_what_it_leaves_out_from_the_thread(
    text: str, value: str, topic: str
) -> None:
    """The rewritten question, and the user's own messages, give the value or what is asked."""
    wants = planned(text, *PRICED, offers=(STOCK, ORDERS)).wants
    assert [(w.values[0][1], w.topics) for w in wants] == [(value, {topic})]


@pytest.mark.parametrize("text", ["thanks!", "why?", "how do I clean it?", "and its weight?", "ok"])
def test_a_follow_up_about_something_else_asks_nothing(text: str) -> None:
    """A thread about prices does not make every message a question for one."""
    assert planned(text, *PRICED).wants == ()


def test_several_facts_are_wanted_at_once_but_not_many() -> None:
    """Two codes are two facts; of many the first few, and it is counted what is left."""
    assert wanted("How much are the AX-100 and the MG-200?") == [
        ("stock", "AX-100"),
        ("stock", "MG-200"),
    ]
    many = planned("price of " + ", ".join(f"AX-{n}" for n in range(100, 120)))
    assert len(many.wants) == MOST_FACTS
    assert many.left == 16


def test_two_sources_that_tell_the_same_are_both_asked() -> None:
    """Price here and stock there: one question, two facts, side by side."""
    prices = Offer("prices", "Price of a product", STOCK.parameters)
    stocks = Offer("inventory", "Units in stock of a product", STOCK.parameters)
    assert wanted("price and stock of AX-100", offers=(prices, stocks)) == [
        ("prices", "AX-100"),
        ("inventory", "AX-100"),
    ]


def test_the_rest_of_a_question_is_for_the_documents() -> None:
    """What is asked besides comes with the code that it is about."""
    found = planned("Is the AX-100 in stock and what colour is it?")
    assert found.more == "what colour is it? (AX-100)"
    assert planned("Is the AX-100 in stock?").more == ""
    two = planned("How much is the AX-200 and how do I clean the AX-100?")
    assert [w.values for w in two.wants] == [(("code", "AX-200"),)]
    assert planned("How do I clean the AX-100 and how much is it?").wants


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (
            "What does the AX-100 cost and how long is its warranty?",
            "how long is its warranty? (AX-100)",
        ),
        (
            "How long is the warranty of the AX-100 and how much does it cost?",
            "How long is the warranty of the AX-100?",
        ),
        ("What are the price and warranty of the AX-100?", "warranty of the AX-100?"),
        (
            "Is the AX-100 in stock, how long does delivery take?",
            "how long does delivery take? (AX-100)",
        ),
        (
            "Hello, a question: what does the AX-100 cost and how do I install it? Thanks a lot!",
            "how do I install it? (AX-100)",
        ),
        ("What's the price of the AX-100? Best regards, Anna", ""),
        (
            "Was kostet der AX-100 und wie lange ist die Garantie?",
            "wie lange ist die Garantie? (AX-100)",
        ),
    ],
)
def test_a_fact_and_something_of_the_documents_are_both_asked(text: str, more: str) -> None:
    """A part or a warranty in one half of a question does not silence the other half."""
    found = planned(text)
    assert [w.values for w in found.wants] == [(("code", "AX-100"),)]
    assert found.more == more


@pytest.mark.parametrize(
    "text",
    [
        "I need a new filter for the AX-100, what does it cost?",
        "I need a battery for the AX-100. What's the price?",
        "What is the price of the filter and the hose for the AX-100?",
        "What does shipping and handling of the AX-100 cost?",
    ],
)
def test_the_price_of_a_part_is_not_that_of_the_product(text: str) -> None:
    """Where "it" is the part, the product's price would be a wrong answer."""
    assert planned(text).wants == ()


def test_two_values_with_and_between_them_are_one_thing_to_ask_of() -> None:
    """ "The difference between the one and the other in price" wants both."""
    asked = wanted("What's the difference between the AX-100 and the AX-200 in price?")
    assert asked == [("stock", "AX-100"), ("stock", "AX-200")]


def test_who_may_not_see_a_source_learns_nothing_of_it() -> None:
    """For others it does not exist: no fact, no question back, only its name for the audit."""
    staff = Offer(STOCK.name, STOCK.description, STOCK.parameters, frozenset({"staff"}))
    for principal in (Principal(), Principal(frozenset({"sales"}))):
        asked = plan([staff], "How much is the AX-100?", "How much is the AX-100?", (), principal)
        assert asked == LivePlan(withheld=("stock",))
        back = plan([staff], "Is it in stock?", "Is it in stock?", (), principal)
        assert back == LivePlan()
        said = (
            Message(Role.USER, "Is it in stock?"),
            Message(Role.ASSISTANT, staff_question(staff)),
        )
        assert plan([staff], "AX-100", "AX-100", said, principal).wants == ()
    allowed = plan(
        [staff], "How much is the AX-100?", "", (), Principal(frozenset({"staff", "sales"}))
    )
    assert allowed.wants and allowed.withheld == ()


def staff_question(offer: Offer) -> str:
    """What is asked back for a source."""
    return question_back([description for _, description in offer.parameters])


@given(
    st.text(max_size=300),
    st.lists(st.text(max_size=200), max_size=4),
    st.lists(st.sampled_from(["a", "b", "c"]), max_size=2),
    st.lists(st.sampled_from(["a", "b", "c"]), max_size=2),
)
def test_whatever_is_typed_rights_hold(
    text: str, said: list[str], groups: list[str], held: list[str]
) -> None:
    """No message and no thread make a plan with a source that the asker may not see."""
    offers = [
        Offer(o.name, o.description, o.parameters, frozenset(groups if i % 2 else ["nobody"]))
        for i, o in enumerate(ALL)
    ]
    roles = (Role.USER, Role.ASSISTANT)
    history = [Message(roles[i % 2], s) for i, s in enumerate(said)]
    principal = Principal(frozenset(held))
    found = plan(offers, f"{text} price of AX-100, order 10482", text, history, principal)
    allowed = {o.name for o in offers if principal.may_see(o.groups)}
    assert {w.source for w in found.wants} <= allowed
    assert not allowed & set(found.withheld)
    assert all(name not in found.reason for name in {o.name for o in offers} - allowed)
