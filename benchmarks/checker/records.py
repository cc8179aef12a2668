"""Records told in sentences: what a business has, and what it has not.

The records are made up here, in the shape that review sites publish: nested attributes as JSON,
opening hours a day, ratings, reviews.
"""

# ruff: noqa: E501 - patterns and templates read better whole

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from benchmarks.checker.pairs import ClaimPair

_FIRST = "Blue Golden Old Little Green Royal Sunny Red Silver Happy Lucky Corner Harbor Union Maple Garden Twin River Stone Velvet Copper Urban Coastal Humble Rusty Wild".split()
_SECOND = "Lantern Oak Table Spoon Fork Bistro Kitchen Grill Anchor Rose Olive Bean Crown Tap Oven Plate Barrel Fox Pearl Wheel Peak Noodle Corner Market Terrace Sparrow".split()
_KINDS = {
    "Restaurants": "Pizza|Italian|Mexican|Thai|Sushi Bars|Burgers|Seafood|Vegan|Breakfast & Brunch|Indian|Steakhouses|Greek|Sandwiches|Barbeque".split(
        "|"
    ),
    "Nightlife": "Bars|Cocktail Bars|Sports Bars|Wine Bars|Pubs|Breweries".split("|"),
    "Food": "Coffee & Tea|Bakeries|Ice Cream & Frozen Yogurt|Juice Bars & Smoothies|Desserts".split(
        "|"
    ),
}
_PLACES = [
    ("Santa Barbara", "CA"), ("Goleta", "CA"), ("Tampa", "FL"), ("Nashville", "TN"), ("Tucson", "AZ"),
    ("Philadelphia", "PA"), ("Reno", "NV"), ("Boise", "ID"), ("New Orleans", "LA"), ("Indianapolis", "IN"),
]  # fmt: skip
_STREETS = "State St|Main St|Hollister Ave|Chapala St|2nd Ave|Market St|Broadway|Cliff Dr|Elm St|Canal St".split(
    "|"
)
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_FOODS = "fish tacos|margherita pizza|pad thai|clam chowder|carrot cake|brisket|lobster roll|mushroom risotto|green curry|cheeseburger|cold brew|caesar salad|tiramisu|garlic naan|pancakes|oysters|falafel wrap|pork ribs".split(
    "|"
)
_PRAISE = [
    ("The {food} was amazing and the staff were so friendly.", "the friendly staff", "the {food}"),
    ("Best {food} in town! We will be back for sure.", "the great food", "the {food}"),
    ("Lovely atmosphere, and the {food} came out quickly.", "the pleasant atmosphere", "the quick service"),
    ("Our waiter was attentive and the {food} was cooked perfectly.", "the attentive service", "the {food}"),
]  # fmt: skip
_BLAME = [
    ("We waited 50 minutes for a table and the {food} was cold.", "long waits", "cold food"),
    ("The {food} was bland and overpriced. Not coming back.", "bland food", "high prices"),
    ("Our server was rude and got our order wrong twice. The {food} was okay.", "rude service", "wrong orders"),
    ("Too loud to talk, and the {food} was tiny for the price.", "noise", "small portions"),
]  # fmt: skip
_OTHERS = [
    "the live music", "the large wine list", "the view of the ocean", "the happy hour deals",
    "the valet parking", "the vegan options", "the dog-friendly patio", "the free dessert",
    "the celebrity chef", "the homemade bread", "the late-night menu",
]  # fmt: skip


def _clock(text: str, dice: random.Random) -> str:
    hour, minute = (int(p) for p in text.split(":"))
    half = "AM" if hour < 12 else "PM"
    shown = hour % 12 or 12
    return f"{shown}:{minute:02d} {half}" if minute or dice.random() < 0.6 else f"{shown} {half}"


_YES_OR_NO = {
    "OutdoorSeating": (
        ("{n} offers outdoor seating.", "There is outdoor seating at {n}.", "Guests can sit outside."),
        (
            "{n} does not have outdoor seating.", "Outdoor seating is not available.",
            "There is no outdoor seating.",
        ),
    ),
    "RestaurantsTakeOut": (
        ("Takeout is available.", "{n} offers takeout.", "You can order food to go."),
        ("Takeout is not available.", "{n} does not offer takeout."),
    ),
    "RestaurantsReservations": (
        (
            "{n} accepts reservations.", "Reservations are accepted.",
            "Customers can book a table in advance.",
        ),
        ("Reservations are not accepted.", "{n} doesn't take reservations."),
    ),
    "RestaurantsGoodForGroups": (
        ("It is a good place for groups.", "{n} is suitable for groups."),
        ("It is not ideal for larger groups.", "{n} is not considered good for groups."),
    ),
}  # fmt: skip
_WIFI = {
    "free": ("Free Wi-Fi is available.", "{n} provides free WiFi for its customers."),
    "paid": ("Wi-Fi is available for a fee.", "WiFi is offered, but it is not free."),
    "no": ("There is no Wi-Fi.", "{n} does not offer WiFi."),
}
_MANY = {
    "Music": (
        ("Guests can enjoy", "The music on offer includes", "{n} features"),
        ("No music is offered.", "{n} does not have any music."),
    ),
    "BusinessParking": (
        ("For parking, there is", "{n} has", "Visitors can use"),
        ("No parking is provided.", "There is no parking on site."),
    ),
    "Ambience": (
        ("The ambience is", "It has an atmosphere that is", "The atmosphere at {n} is"), (),
    ),
}  # fmt: skip
_PARKING = {
    "lot": "a parking lot",
    "street": "street parking",
    "garage": "a garage",
    "valet": "valet parking",
    "validated": "validated parking",
}


def _said(name: str, key: str, value: object, dice: random.Random) -> str | None:
    """One attribute in words."""
    if key in _YES_OR_NO:
        return dice.choice(_YES_OR_NO[key][value is not True]).format(n=name)
    if key == "WiFi":
        said = {kind: dice.choice(ways).format(n=name) for kind, ways in _WIFI.items()}
        return said.get(str(value))
    if key not in _MANY or not isinstance(value, dict):
        return None
    on = [_PARKING.get(k, k) if key == "BusinessParking" else k for k, v in value.items() if v]
    if key == "Music":
        on = [k.replace("_", " ") for k in on]
    some, none = _MANY[key]
    if on:
        return f"{dice.choice(some).format(n=name)} {' and '.join(on)}."
    return dice.choice(none).format(n=name) if none else None


def _business(dice: random.Random) -> dict[str, Any]:
    group = dice.choice(["Restaurants", "Restaurants", "Nightlife", "Food"])
    city, state = dice.choice(_PLACES)

    def flags(keys: str, share: float) -> dict[str, bool]:
        return {k: dice.random() < share for k in keys.split()}

    opening = dice.choice(["7:0", "8:0", "9:0", "11:0", "11:30", "16:0", "17:0"])
    closing = dice.choice(["14:0", "15:0", "20:0", "21:0", "21:30", "22:0", "23:0"])
    if opening in ("16:0", "17:0"):
        closing = dice.choice(["21:0", "22:0", "23:0"])
    hours = {d: f"{opening}-{closing}" for d in _DAYS if dice.random() < 0.88}
    for day in dice.sample(_DAYS, 2):
        if day in hours:
            hours[day] = (
                f"{opening}-{dice.choice(['15:0', '19:0', '20:30', '22:30', '23:30'])}"
                if opening not in ("16:0", "17:0")
                else f"{opening}-23:30"
            )
    reviews = []
    for _ in range(dice.randint(1, 3)):
        good = dice.random() < 0.6
        food = dice.choice(_FOODS)
        text, *points = dice.choice(_PRAISE if good else _BLAME)
        reviews.append({
            "review_stars": float(dice.choice([4, 5] if good else [1, 2, 3])),
            "review_date": f"20{dice.randint(15, 22)}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d} {dice.randint(10, 23)}:{dice.randint(10, 59)}:{dice.randint(10, 59)}",
            "review_text": text.format(food=food),
            "_points": [p.format(food=food) for p in points], "_good": good,
        })  # fmt: skip
    return {
        "name": f"{dice.choice(['', 'The '])}{dice.choice(_FIRST)} {dice.choice(_SECOND)}",
        "address": f"{dice.randint(10, 6900)} {dice.choice(_STREETS)}", "city": city, "state": state,
        "categories": ", ".join(dict.fromkeys([group, *dice.sample(_KINDS[group], 2)])),
        "hours": hours or None,
        "attributes": {
            "BusinessParking": dice.choice([None, flags("garage street validated lot valet", 0.3)]),
            "RestaurantsReservations": dice.choice([True, False, None]),
            "OutdoorSeating": dice.choice([True, False, None]),
            "WiFi": dice.choice(["free", "no", "paid", None]),
            "RestaurantsTakeOut": dice.choice([True, False, None]),
            "RestaurantsGoodForGroups": dice.choice([True, False, None]),
            "Music": dice.choice([None, flags("dj background_music jukebox live karaoke", 0.25)]),
            "Ambience": dice.choice([None, flags("romantic intimate touristy hipster classy trendy upscale casual", 0.25)]),
        },
        "business_stars": dice.choice([2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0]),
        "review_info": reviews,
    }  # fmt: skip


def _shown(record: dict[str, Any], dice: random.Random) -> str:
    """The record as JSON, as a literal of Python's, or as lines."""
    clean = json.loads(json.dumps(record))
    for review in clean["review_info"]:
        review.pop("_points"), review.pop("_good")
    style = dice.random()
    if style < 0.5:
        return json.dumps(clean, ensure_ascii=False)
    if style < 0.8:
        return str(clean)
    return "\n".join(
        f"{k}: {json.dumps(v) if not isinstance(v, str) else v}" for k, v in clean.items()
    )


def _opposite(key: str, value: object, dice: random.Random) -> object:
    if value is None:
        return (
            dice.choice(["free", "paid"])
            if key == "WiFi"
            else (
                {"live": True}
                if key == "Music"
                else {"lot": True}
                if key == "BusinessParking"
                else {"romantic": True}
                if key == "Ambience"
                else dice.choice([True, False])
            )
        )
    if isinstance(value, bool):
        return not value
    if key == "WiFi":
        return dice.choice([w for w in ("free", "no", "paid") if w != value])
    assert isinstance(value, dict)
    off = [k for k, v in value.items() if not v]
    on = [k for k, v in value.items() if v]
    if not off:
        return dict.fromkeys(value, False)
    extra = dice.choice(off)
    kept = on if dice.random() < 0.5 and on else []
    return {k: k == extra or k in kept for k in value}


_OPENINGS = [
    "{n} is a {k} spot located at {a} in {c}, {s}.",
    "Located in {c}, {s}, {n} is known for {k}.",
    "{n}, at {a} in {c}, {s}, serves {k}.",
]
_RATINGS = [
    "{n} has an overall rating of {v} stars.",
    "It is rated {v} out of 5 stars.",
    "Customers give {n} {v} stars on average.",
    "The business has a {v}-star rating.",
]


def _place(record: dict[str, Any], dice: random.Random) -> tuple[str, str, str]:
    """What kind of business stands where, right and with one thing wrong."""
    name, city, kinds = record["name"], record["city"], record["categories"].split(", ")
    other_place = dice.choice([p for p in _PLACES if p[0] != city])
    opening = dice.choice(_OPENINGS)
    all_kinds = [k for ks in _KINDS.values() for k in ks if k not in kinds]
    good = {"n": name, "k": kinds[1].lower(), "a": record["address"], "c": city,
            "s": record["state"]}  # fmt: skip
    wrong = dict(good)
    slot = dice.choice("kcca") if "{a}" in opening else dice.choice("kc")
    if slot == "k":
        wrong["k"] = dice.choice(all_kinds).lower()
    elif slot == "c":
        wrong["c"], wrong["s"] = other_place
    else:
        wrong["a"] = f"{dice.randint(10, 6900)} {record['address'].split(' ', 1)[1]}"
    return "record_place", opening.format(**good), opening.format(**wrong)


def _rating(record: dict[str, Any], dice: random.Random) -> tuple[str, str, str]:
    """The stars, right and wrong."""
    name, stars = record["name"], record["business_stars"]
    template = dice.choice(_RATINGS)
    other = dice.choice([v for v in (2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0) if v != stars])
    plain = dice.random() < 0.4
    said = [template.format(n=name, v=f"{v:g}" if plain else f"{v}") for v in (stars, other)]
    return "record_stars", said[0], said[1]


def business_claims(seed: int, count: int = 450) -> Iterator[ClaimPair]:
    """Made-up businesses and what a writer says of them, right and wrong, in equal numbers."""
    dice = random.Random(f"{seed} businesses")
    for number in range(count):
        record = _business(dice)
        name, group = record["name"], f"records:{number}"
        evidence = (_shown(record, dice),)
        both = [_place(record, dice), _rating(record, dice)]
        for key, value in dice.sample(sorted(record["attributes"].items(), key=lambda i: i[0]), 4):
            wrong_said = _said(name, key, _opposite(key, value, dice), dice)
            right_said = _said(name, key, value, dice) if value is not None else None
            if wrong_said and right_said:
                both.append(("record_attribute", right_said, wrong_said))
            elif wrong_said:
                both.append(("record_absent", "", wrong_said))
        both += _hours(record, dice)
        both += _reviews(record, dice)
        for kind, right, bad in both:
            for said, label in ((right, 1), (bad, 0)):
                if said:
                    yield ClaimPair("made:records", kind, evidence, said, f"Overview of {name}",
                                    label, group)  # fmt: skip


def _hours(record: dict[str, Any], dice: random.Random) -> list[tuple[str, str, str]]:
    hours, name = record["hours"], record["name"]
    if not hours:
        return [("record_absent", "", f"{name} is open daily from 11 AM to 9 PM.")]
    found = []
    for day in dice.sample(sorted(hours), min(2, len(hours))):
        start, end = hours[day].split("-")
        others = sorted(set(hours.values()) - {hours[day]}) or ["10:0-18:0"]
        wrong_start, wrong_end = dice.choice(others).split("-")
        if dice.random() < 0.4:
            wrong_start, wrong_end = (
                start,
                dice.choice([e for e in ("14:30", "18:0", "20:0", "22:0", "0:0") if e != end]),
            )
        template = dice.choice(
            [
                "On {d}s, {n} is open from {a} to {b}.",
                "{n} opens at {a} and closes at {b} on {d}s.",
                "The hours on {d} are {a} to {b}.",
            ]
        )

        def put(a: str, b: str, t: str = template, d: str = day, tag: float = dice.random()) -> str:
            twin = random.Random(tag)
            return t.format(d=d, n=name, a=_clock(a, twin), b=_clock(b, twin))

        found.append(("record_hours", put(start, end), put(wrong_start, wrong_end)))
    closed = [d for d in _DAYS if d not in hours]
    if closed:
        found.append(
            (
                "record_hours",
                f"{name} is closed on {closed[0]}s.",
                f"{name} is closed on {dice.choice(sorted(hours))}s.",
            )
        )
    elif dice.random() < 0.5:
        found.append(
            (
                "record_hours",
                f"{name} is open every day of the week.",
                f"{name} is open every day except {dice.choice(_DAYS)}.",
            )
        )
    return found


def _reviews(record: dict[str, Any], dice: random.Random) -> list[tuple[str, str, str]]:
    found = []
    for review in record["review_info"]:
        point, other = dice.choice(review["_points"]), dice.choice(_OTHERS)
        verb = (
            dice.choice(["praised", "complimented", "enjoyed"])
            if review["_good"]
            else dice.choice(["complained about", "mentioned", "was unhappy with"])
        )
        wrong_verb = "complained about" if review["_good"] else "praised"
        if dice.random() < 0.5:
            found.append(
                (
                    "record_review",
                    f"One customer {verb} {point}.",
                    f"One customer {wrong_verb} {point}.",
                )
            )
        else:
            found.append(
                (
                    "record_review",
                    f"A reviewer {verb} {point}.",
                    f"A reviewer {verb} {other if review['_good'] else other.replace('the ', 'the lack of the ')}.",
                )
            )
        if dice.random() < 0.4:
            year = review["review_date"][:4]
            stars = int(review["review_stars"])
            found.append(
                (
                    "record_review",
                    f'A {stars}-star review from {year} says: "{review["review_text"].split(".")[0].split("!")[0]}."',
                    f'A {5 - stars or 3}-star review from {year} says: "{review["review_text"].split(".")[0].split("!")[0]}."',
                )
            )
    return found
