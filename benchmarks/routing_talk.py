"""More messages for training the route classifier: the breadth of small talk, and German.

Small talk is learnt from examples, and one set knows only its own kinds of it; so here are those
that people bring to a support bot, by hand. German: small talk, calls for a person, questions.
"""

from __future__ import annotations

import random


def _lines(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\n", "|").split("|") if part.strip()]


VOICE = _lines("""
you are boring|you're so boring|you are annoying me|you are bad at this|you're a bad assistant
you are amazing|you're awesome|you are beautiful|you look great today|you are so clever|you're crazy
you are funny|you crack me up|you're hilarious|you are fired|i should fire you|you are right
that's right|you're wrong|that is wrong|you are incorrect|you are so sweet|you're cute|you're mean
are you busy|are you hungry|are you happy|are you sad|are you angry|are you ready|are you sure
are you single|do you have a girlfriend|do you have a boyfriend|do you want to marry me|kiss me
hug me|give me a hug|can i have a hug|i need a hug|be my friend|do you want to be friends
what's your hobby|what are your hobbies|what do you like|what do you like to eat|what's your dream
when is your birthday|what's your age|where were you born|what is your country|where's your home
do you speak german|can you speak spanish|which languages can you talk|do you understand me
who's your boss|who do you work for|who's your maker|what's your purpose|why do you exist
can you get smarter|you should study more|you need to learn|do you know a lot|are you learning
are you a chatbot|you are a machine aren't you|you're just a robot|do you have a brain|have a soul
do you have eyes|can you see me|can you hear|do you breathe|do you ever sleep|do you get tired
do you have emotions|can you cry|can you laugh|do you get angry|do you get lonely|do you have fun
do you like people|do you like humans|do you like me|do you hate me|do you know me|do you miss me
i like you|i really like you|i hate this bot|i missed you so much|i love talking to you
i like talking with you|i want to talk to you|let's talk|let's chat|talk to me|chat with me
let's have a chat|can we talk for a bit|say something|tell me something|amuse me|surprise me
i'm angry|i am mad|i'm so annoyed right now|i'm sad today|i'm lonely|i'm depressed|i'm exhausted
i can't sleep|i'm sleepy|i'm going to bed|i'm off to bed|i just woke up|i'm hungry|i'm thirsty
i'm busy right now|i'm excited|i'm good|i'm fine|i'm doing great|i'm great thanks|doing well thanks
not bad|so so|could be better|same as always|i'm here|i'm back again|here i am|i will be back
i'll be right back|be right back|brb|back in a minute|hold on|wait a second|one moment|just a moment
it's my birthday|today is my birthday|i was born today|it's my wedding day|i'm getting married
i passed my exam|i'm in love|i'm jealous|i'm joking|i was just joking|i'm kidding|only teasing
i am testing you|this is a test|testing testing|just testing|test 123|let me test you
do i look good|what do you think of me|what do you think about me|am i pretty|am i smart
do you remember my name|what did i say|do you know who i am|guess my name|guess how old i am
you can call me sam|my friends call me joe|i'm called maria|nice to talk to you|good talking to you
nice meeting you|great to meet you|the pleasure is mine|welcome|you're welcome|don't mention it
no problem|my pleasure|anytime|sorry|i'm sorry|my bad|my mistake|excuse me|i apologise|pardon
i don't care|whatever|who cares|i give up|i'm bored|so boring|this is boring|nothing|nothing much
forget about it|let it go|leave me alone|stop it|stop talking|be quiet|enough|that's enough
what's new|how's everything|how have you been|how was your day|how's your evening|how do you do
how is your morning so far|how are things|how are you feeling|did you sleep well last night
what's happening|whats poppin|sup|wassup|what up dude|hey buddy|hey you|hello friend|hello my dear
hello sunshine|hi sweetie|good to be here|long day|what a morning|lovely weather today
happy holidays|happy easter|happy monday|merry xmas everyone|cheers to you|congratulations
good job|nice work|way to go|keep it up|excellent|perfect|amazing|great|awesome|superb|splendid
impressive|not good|bad|terrible|that's bad|that's terrible|that was awful|that's nonsense
that's great|that's awesome|that's nice of you|how kind|how sweet|so helpful|you helped me a lot
you were very helpful|it works now thanks|it worked|that solved it|problem solved|all sorted thanks
got it thanks|ok got it|okay cool|ok great|fine|fine by me|ok fine|sure thing|of course|absolutely
definitely|exactly|correct|true|indeed|right|i agree|i think so|i don't think so|i doubt it
certainly not|not at all|never|no way|of course not|don't|not now|maybe later|later|some other time
we will see|let's see|who knows|i have no idea|no idea|beats me|can't say|hard to say
haha very funny|hahaha good one|hehe|rofl|lmao|omg|whoa|ouch|ugh|meh|ahem|phew|yikes|hooray|yippee
bye for now|bye bye bot|goodbye my friend|see you soon|see you around|talk to you later|ttyl|cya
later gator|have a great day|have a nice evening|enjoy your day|sleep well|sweet dreams|good night
i have to leave|i must go now|time to go|that's it for today|we are done|i'm finished
do you believe in aliens|do aliens exist|is there a god|is there life after death|is santa real
what came first the chicken or the egg|what is love|what is happiness|what makes you sad
do you like pizza|what's your favourite food|favourite song|what music do you listen to
have you seen star wars|do you watch tv|do you play games|do you like sports|who's your hero
can you dance|can you sing|can you cook|can you swim|can you drive|can you do magic|can you draw
are you a man or a woman|are you a boy or a girl|what gender are you|are you old|are you young
are you intelligent|how smart are you|are you better than siri|do you know alexa|do you like google
are you skynet|will robots take over the world|will you take my job|are you dangerous
can i trust you|are you lying|do you lie|do you keep secrets|can you keep a secret
tell me a riddle|tell me a poem|write me a poem about love|recite a poem|make a rhyme|rap for me
tell me a bedtime story|tell me a pun|a knock knock joke|do you have jokes|roast me|compliment me
flip a coin|roll a dice|pick a number|let's play a game|play with me|do you want to play
what do you look like|show me your face|send me your picture|what are you wearing|where are you now
what are you doing|what are you up to|what did you do today|any plans for tonight|busy day
you dummy|you moron|idiot|stupid|you fool|loser|you clown|dumbass|asshole|bullshit|wtf|damn you
you're trash|you are garbage|you are worthless|you're good for nothing|get lost|drop dead|bite me
you're a joke|you understand nothing|you don't get it do you|you never understand me|hopeless bot
dumb bot|silly bot|this bot is a joke|most useless bot ever|worst assistant i have seen|pathetic
""")

GERMAN_VOICE = _lines("""
hallo du|hallo zusammen|hallöchen|hi du|hey|guten morgen|guten tag zusammen|guten abend|grüß dich
grüß gott|grüezi|moin moin|servus zusammen|na du|na wie gehts|wie geht's|wie geht es ihnen
wie gehts dir heute|alles gut bei dir|was geht|was machst du|was machst du gerade
schön dich zu sehen
danke|danke schön|dankeschön|danke sehr|tausend dank|herzlichen dank|danke für deine hilfe
vielen dank für die schnelle antwort|danke das hat geholfen|danke hat funktioniert|super danke
perfekt danke|lieb von dir|sehr nett|das hilft mir sehr|das war hilfreich|gut gemacht|klasse|toll
prima|spitze|großartig|wunderbar|cool|nice|sehr gut|genau|richtig|stimmt|ja|ja klar|ja bitte|jo
nein|nein danke|nö|nicht wirklich|vielleicht|weiß nicht|keine ahnung|mal sehen|egal|schon gut
passt|passt schon|alles klar|ok|okay|in ordnung|verstehe|verstanden|aha|achso|na gut|na ja|hm
tschüss|tschüs|ciao|bis dann|bis bald|bis später|bis morgen|mach's gut|auf wiederhören|gute nacht
schlaf gut|schönen tag noch|schönen abend|schönes wochenende|ich muss los|ich bin dann mal weg
das war alles|das wars|mehr brauche ich nicht|schönen feierabend|frohe weihnachten|frohes neues jahr
wer bist du|was bist du|wie heißt du|hast du einen namen|wie ist dein name|bist du ein mensch
bist du ein bot|bist du eine maschine|bist du echt|bist du eine ki|spreche ich mit einem menschen
rede ich mit einem roboter|was kannst du|was kannst du für mich tun|wobei kannst du mir helfen
was weißt du|womit kennst du dich aus|wer hat dich gemacht|wer hat dich programmiert
wer hat dich erfunden|woher kommst du|wo wohnst du|wie alt bist du|wann hast du geburtstag
hast du gefühle|schläfst du|träumst du|hast du familie|hast du freunde|hast du hunger|isst du gern
was ist deine lieblingsfarbe|was ist dein lieblingsfilm|hörst du gern musik|magst du katzen
magst du mich|liebst du mich|ich liebe dich|willst du mich heiraten|ich mag dich|du bist süß
du bist lustig|du bist nett|du bist schlau|du bist der beste|du bist super|du bist klasse
du bist dumm|du bist blöd|du bist nutzlos|du nervst|du verstehst nichts|du hast keine ahnung
dummer bot|blöder bot|scheiß bot|halt die klappe|halt den mund|geh weg|lass mich in ruhe|idiot
depp|vollidiot|arschloch|so ein mist|das ist doch quatsch|leck mich|verpiss dich
erzähl einen witz|erzähl mir was lustiges|kennst du einen witz|sing mir ein lied
bring mich zum lachen
erzähl mir eine geschichte|erzähl mir etwas über dich|stell dich vor|mir ist langweilig|ich bin müde
ich bin traurig|mir geht es gut|mir geht's nicht so gut|ich hatte einen schlechten tag
ich bin wieder da
was ist der sinn des lebens|glaubst du an gott|sprichst du deutsch|kannst du englisch
verstehst du mich|bist du da|hörst du mich|noch da|ich heiße anna|mein name ist tom|nenn mich max
weißt du wer ich bin|wie heiße ich|haha|lustig|sehr witzig|war nur spaß|test|entschuldigung|sorry
tut mir leid|kein problem|gern geschehen|bitte schön|freut mich|ebenfalls|gleichfalls
""")

_GERMAN_SOMEBODY = _lines("""
einem menschen|einem mitarbeiter|einer mitarbeiterin|jemandem|einem echten menschen|einer person
einem berater|einem kollegen|dem kundenservice|dem support|einem ansprechpartner|ihrem chef
einem vorgesetzten|einem richtigen menschen|jemandem vom team|einem techniker|dem kundendienst
""")

_GERMAN_ASK = _lines("""
ich möchte mit {p} sprechen|ich will mit {p} reden|kann ich mit {p} sprechen|mit {p} sprechen
verbinde mich mit {p}|verbinden sie mich bitte mit {p}|ich würde gern mit {p} sprechen
könnte ich bitte mit {p} reden|ich muss mit {p} sprechen|lassen sie mich mit {p} sprechen
ich rede lieber mit {p}|bitte mit {p} verbinden|wie komme ich mit {p} in kontakt|chat mit {p}
wie kann ich mit {p} sprechen|ist es möglich mit {p} zu sprechen|ich verlange mit {p} zu sprechen
""")

GERMAN_HANDOFF = _lines("""
mitarbeiter|mensch|kundenservice bitte|ein mensch bitte|einen mitarbeiter bitte|echter mensch
ich will einen menschen|ich brauche einen mitarbeiter|ich möchte einen berater
ich brauche hilfe von einem menschen
leiten sie mich weiter|leite mich bitte weiter|stell mich durch|stellen sie mich durch zum support
bitte um rückruf|ich bitte um einen rückruf|rufen sie mich bitte an|kann mich jemand zurückrufen
jemand soll mich anrufen|bitte rufen sie mich zurück|ich hätte gerne einen ansprechpartner
gibt es einen menschen mit dem ich reden kann|ist da ein mensch|holen sie ihren chef
ich will keinen bot sondern einen menschen|ich möchte nicht mit einem roboter reden
geben sie das an einen kollegen weiter|bitte an einen mitarbeiter übergeben
das bringt nichts ich will einen menschen
parler à un humain|je veux parler à quelqu'un|je voudrais parler à un conseiller|un vrai humain svp
passez moi un agent|je veux une vraie personne|quiero hablar con una persona|hablar con un agente
quiero hablar con alguien|páseme con un humano|necesito un agente|voglio parlare con una persona
parlare con un operatore|vorrei parlare con qualcuno|operatore umano|quero falar com uma pessoa
falar com um atendente|ik wil een medewerker spreken|kan ik met een mens praten
""")

_GERMAN_NOUNS = _lines("""
die garantie|der versand|die rechnung|das passwort|mein konto|meine bestellung|die lieferung
die rückgabe|die öffnungszeiten|der tarif|das abo|der vertrag|die kündigung|die app|das gerät
der drucker|das update|die batterie|der akku|der urlaub|die krankmeldung|die reisekosten
die gehaltsabrechnung|das homeoffice|der parkplatz|die kantine|das datum|die adresse|die karte
die überweisung|der kontostand|die gebühr|der rabatt|der gutschein|der newsletter|das visum
die versicherung|der arzttermin|die buchung|das zimmer|das frühstück|der check-in|das wlan
die kamera|der fehler e42|die einstellungen|der export|die schnittstelle|der server|das backup
die anmeldung|die registrierung|das formular|die datei|der support|die mitarbeiter
die personalabteilung
""")

GERMAN_NOUNS_ALONE = [noun.split(" ", 1)[1] for noun in _GERMAN_NOUNS]

_GERMAN_QUESTIONS = _lines("""
was kostet {n}|wie viel kostet {n}|wie funktioniert {n}|wo finde ich {n}|wie ändere ich {n}
wie lange dauert {n}|wann kommt {n}|warum geht {n} nicht|wie kündige ich {n}|wie bekomme ich {n}
ich habe eine frage zu {n}|was ist mit {n}|{n} funktioniert nicht|{n} ist kaputt|gibt es {n}
kann ich {n} ändern|kann ich {n} stornieren|muss ich {n} bezahlen|ist {n} kostenlos|habt ihr {n}
welche regeln gelten für {n}|wer ist zuständig für {n}|was bedeutet {n}|erkläre mir {n}
ich finde {n} nicht|ich brauche {n}|wie richte ich {n} ein|bietet ihr {n} an|hilfe mit {n}
hallo, wo ist {n}|danke, und wie ist das mit {n}|guten tag, ich möchte {n} ändern|{n}|und {n}
wie viele mitarbeiter nutzen {n}|wann ist {n} erreichbar|wie lautet die nummer für {n}
""")


def german_handoffs(rng: random.Random, n: int) -> list[str]:
    """Calls for a person in German, and a few in other languages."""
    out = list(GERMAN_HANDOFF)
    for _ in range(n):
        text = rng.choice(_GERMAN_ASK).format(p=rng.choice(_GERMAN_SOMEBODY))
        out.append(rng.choice(["", "", "bitte ", "hallo, "]) + text)
    return out


def german_questions(rng: random.Random, n: int) -> list[str]:
    """Questions in German about things."""
    return [rng.choice(_GERMAN_QUESTIONS).format(n=rng.choice(_GERMAN_NOUNS)) for _ in range(n)]


_ABOUT_IT = _lines("""
do you {have} {kin}|have you got {kin}|do you {have} any {kin}|tell me about your {kin}
how many {kin} do you {have}|what are your {kin} like|what are the names of your {kin}
who {made} you|what company {made} you|which person {made} you|by whom were you {made}
when were you {made}|where were you {made}|why were you {made}|do you know who {made} you
what are your {likes}|tell me your {likes}|what {likes} do you have|do you have {likes}
what do you {enjoy}|what do you {enjoy} in your free time|what do you {enjoy} for fun
do you {enjoy} anything|which things do you {enjoy}|do you {enjoy} your job
where {from}|what city {from}|which country {from}|so where {from}|could you tell me where {from}
how old are you|what age are you|tell me your age|what year were you born|are you over 30
tell me {fun}|can you tell me {fun}|i want to hear {fun}|do you know {fun}|give me {fun}
let me hear {fun}
share {fun} with me|i'd like {fun}|how about {fun}
what is the {point} of life|what's the {point} of existence|why do we exist
is there a {point} to all this
what do you think is the {point} of life|explain the {point} of life to me
who do you {work} for|who is it that you {work} for|do you {work} for the government
who is your {boss}|what is the name of your {boss}|does your {boss} treat you well
{call} you {name}|i will {call} you {name}|can i {call} you {name}|your name is now {name}
i want to {call} you {name}|your new name is {name}|from now on your name is {name}
change your name to {name}|please respond to the name {name}|what should i call you
how do i call you
my name is {name}|call me {name}|i'm {name}|i go by {name}|please call me {name} from now on
change my name to {name}|you should call me {name}|what is my name|tell me what my name is
which name do you have for me|do you remember what i'm called|my name isn't {name}
are you {being}|you are {being} right|is it true that you're {being}|tell me if you are {being}
am i speaking with {being}|you must be {being}|i think you are {being}
you are so {praise}|that was {praise}|you sound {praise}|how {praise} of you
that is {praise} to hear
how {was} your {day}|did you have a good {day}|i hope your {day} is going well|enjoy your {day}
how is everything going|how are things with you|what's going on with you|how is life
that is {truth}|yes that's {truth}|no that's {truth}|i believe that's {truth}|this is {truth}
yeah {truth}|no it's not {truth}|i'm not sure if that is {truth}|could be {truth}
what {can} you do|what {can} you help me with|what else {can} you do
what kinds of things {can} you do
what are your capabilities|list your abilities|what are you able to do|how {can} you be of help
what subjects do you know|what topics {can} i ask you about|what are you for
""")
_SLOTS = {
    "have": "have|own|keep",
    "kin": "pets|dogs|cats|siblings|brothers|sisters|parents|kids|children|friends|a family|hobbies"
    "|feelings|dreams|a dog|a cat|a wife|a husband|a mother|relatives|animals",
    "made": "made|created|built|programmed|designed|invented|developed|coded|trained|engineered",
    "likes": "hobbies|interests|pastimes|passions|dreams|goals|fears|favourite things|talents",
    "enjoy": "enjoy|like to do|love to do|do|like|love|dislike",
    "from": "are you from|do you come from|were you born|do you live|did you grow up|is your home",
    "fun": "a joke|another joke|a funny joke|a joke about dogs|a joke about doctors|a fun fact"
    "|an interesting fact|a fact about space|some trivia|something interesting|something funny"
    "|a story|a riddle|a pun|a random fact|a joke about kids|a fact about dinosaurs",
    "point": "meaning|point|purpose|secret|reason",
    "work": "work|report|labour|slave",
    "boss": "boss|owner|employer|manager at work|master|leader",
    "call": "call|name|rename|refer to",
    "name": "bob|anna|susan|jarvis|steve|max|lucy|george|kim|ahmed|maria|buddy|chief|captain",
    "being": "a human|a person|real|a real person|a robot|a bot|a computer|an ai|a machine|alive"
    "|artificial|a program|a living being|a real human being",
    "praise": "nice|kind|great|helpful|clever|funny|sweet|impressive|rude|mean|silly|cool|lovely",
    "was": "was|is|has been",
    "day": "day|night|morning|week|weekend|evening|vacation",
    "truth": "right|true|correct|false|wrong|incorrect|so|fine|fair|not true|not correct|possible",
    "can": "can|could|will",
}
_NAMES = {name: value.split("|") for name, value in _SLOTS.items()}


def about_the_bot(rng: random.Random, n: int) -> list[str]:
    """Small talk about the bot and the speaker, from templates."""
    return [
        rng.choice(_ABOUT_IT).format(**{name: rng.choice(of) for name, of in _NAMES.items()})
        for _ in range(n)
    ]
