"""What tables tell of things: a price, a weight, a phone number.

Each by the words that ask for it, by the labels that rows and columns have for it, and by the shape
of its values. "How heavy is it?" shares no word with the row "Weight | 480 g".
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that tables tell of things: what asks for it, its labels, how values look.

    ``strict``: without such a value nothing tells it. ``ours``: it may be asked of nothing, as in
    "What is your phone number?".
    """

    asked: re.Pattern[str]
    label: re.Pattern[str]
    value: re.Pattern[str]
    strict: bool = False
    ours: bool = False


WEIGHT = Attribute(
    re.compile(r"\bweigh\w*\b|\bheavy\b"),
    re.compile(r"\b(?:weight|weighs|mass)\b"),
    re.compile(r"\d\s?(?:kg|g|lbs?|oz|t|tons?|grams?|kilograms?|pounds?|ounces?)\b"),
)
PRICE = Attribute(
    re.compile(r"\bhow much (?:is|are|for|does|do|would|will)\b|\b(?:prices?|costs?|expensive)\b"),
    re.compile(r"\b(?:prices?|costs?|fees?)\b"),
    re.compile(r"[$€£¥]\s?\d|\d\s?(?:[€£%]|usd|eur|gbp|chf|dollars?|euros?)|\bfree\b"),
    strict=True,
)
SIZE = Attribute(
    re.compile(r"\bhow (?:big|large|tall|wide)\b|\b(?:dimensions?|measurements?)\b"),
    re.compile(r"\b(?:dimensions?|size|measurements?|width|height)\b"),
    re.compile(r"\d\s?(?:mm|cm|m|in|inch(?:es)?)\b"),
)
PHONE = Attribute(
    re.compile(r"\b(?:tele)?phone numbers?\b|\b(?:tele)?phone\b(?=\W*$)"),
    re.compile(r"\b(?:tele)?phone\b|\btel\b"),
    re.compile(r"\+?\d[\d ()/-]{5,}\d"),
    strict=True,
    ours=True,
)
EMAIL = Attribute(
    re.compile(r"\be-?mail address\w*\b|\be-?mail\b(?=\W*$)"),
    re.compile(r"\be-?mail\b"),
    re.compile(r"\S@\S+\.\w"),
    strict=True,
    ours=True,
)
HOURS = Attribute(
    re.compile(r"\b(?:opening|office|business) (?:hours|times)\b|\bhours\b(?= of)"),
    re.compile(r"\b(?:hours|open|opening|available)\b"),
    re.compile(r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|24/7)\b|\d:\d\d"),
    ours=True,
)
PROTECTION = Attribute(
    re.compile(
        r"\bip (?:rating|class|code)\b|\bprotection class\b|\bingress protection\b"
        r"|\b(?:water|splash|rain|weather|dust)-?(?:proof|tight|resistant)\b"
    ),
    re.compile(r"\b(?:protection|enclosure|ingress|ip)\b"),
    re.compile(r"\bip\s?[x\d]\d\b"),
)
DURATION = Attribute(
    re.compile(r"\bhow (?:long|fast|quickly) (?:is|are|does|do|will|would|can)\b|\btakes?\b"),
    re.compile(r"\b(?:time|duration|takes|term|period)\b"),
    re.compile(r"\d\s?(?:\w+ )?(?:second|minute|hour|day|week|month|year)s?\b"),
)
# The first that is asked for counts: "How much does it weigh?" asks for no price.
ATTRIBUTES = (WEIGHT, SIZE, PROTECTION, PHONE, EMAIL, HOURS, PRICE, DURATION)
