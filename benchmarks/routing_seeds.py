"""Messages written for training the route classifier, where the open sets have gaps.

The open sets ask for a person in one template, have no complaints about the bot, no brand talk of
a support bot, and hardly a greeting with a question in it. Written by hand, combined by rule; the
measured sets hold none of them.
"""

from __future__ import annotations

import random

VOICE = (
    """
hi|hi there|hello|hello there|hey|hey hey|heya|good morning|good afternoon|good evening|morning all
howdy|greetings|yo|hiya|hi bot|hey juniper|hello again|hi team|good day to you|evening everyone
how are you|how are you today|how are you doing|how's life|how's your day|how's it going|what's up
how do you feel|are you ok|did you sleep well|nice to meet you|pleased to meet you|long time no see
happy friday|happy new year|merry christmas|have a nice weekend|happy birthday|welcome back
thanks|thank you|thank you so much|thanks a lot|many thanks|thx|ty|tysm|cheers|much appreciated
thanks for your help|thanks that worked|that fixed it thank you|that's all thanks|perfect thank you
that was really helpful|this helped a lot|you saved my day|awesome thanks|great answer|good answer
you are the best|you rock|good bot|nice bot|well done|great job|brilliant|lovely|love it|wonderful
bye|bye bye|goodbye|good night|see you|see you later|see you tomorrow|cu|take care|talk soon|ciao
i am off now|have to go|gotta go|signing off|that will be all|that is all for today|i'm done here
ok|okay|okay then|alright|got it|i see|understood|makes sense|fair enough|noted|sure|yes|yep|yeah
no|nope|nah|not really|no thanks|never mind|nevermind|forget it|all good|no worries|no problem
maybe|i guess|perhaps|not sure|i don't know|dunno|hm|hmm|lol|haha|hahaha|wow|cool|nice|oh|oops|test
who are you|what are you|what is your name|do you have a name|who am i talking to|what's a juniper
are you a bot|are you human|are you real|are you an ai|are you a robot or a person|are you alive
is this a bot|is this a machine|am i chatting with a robot|am i speaking to a real person
what can you do|what do you do|what can you help me with|how can you help|what can i ask you
what do you know|what are you good at|what topics do you cover|help|what are your skills
who made you|who built you|who created you|who trained you|who programmed you|who owns you
which model are you|are you chatgpt|are you based on gpt|what language model do you use
where are you from|where do you live|how old are you|when were you born|do you have a family
do you have feelings|do you dream|do you sleep|do you like your job|what is your favourite colour
what's your favorite movie|do you like music|do you have hobbies|do you eat|are you married
do you love me|i love you|will you marry me|can we be friends|are you my friend|i like you
i missed you|you are cute|you are funny|you sound nice|you are smart|you are clever
do you have pets|cats or dogs|what do you do for fun|do you drink coffee|what makes you happy
tell me a joke|another joke please|make me laugh|say something funny|do you know any jokes
sing me a song|tell me a story|tell me a fun fact|tell me something interesting|entertain me
what is the meaning of life|why are we here|what's the answer to everything|i am bored
i am sad|i am happy today|i'm tired|what a day|it's monday again|i had a bad day|i feel lonely
you are useless|you are stupid|you're an idiot|you suck|this bot sucks|stupid bot|dumb machine
shut up|go away|i hate you|you are the worst|worst bot ever|what a useless bot|you are annoying
you are dumb as a rock|fuck you|screw you|you piece of junk|you are terrible at this|bad bot
what is your personality|tell me about yourself|introduce yourself|describe yourself|who is juniper
why do you talk like that|why are you called juniper|who gave you your name|what does your name mean
can i call you jim|call me anna|my name is tom|do you remember me|what is my name|guess who i am
hallo|guten tag|guten morgen|danke|vielen dank|tschüss|bonjour|salut|merci|merci beaucoup|au revoir
hola|buenos dias|gracias|muchas gracias|adios|ciao|grazie|obrigado|olá|hej|tack|dank je|tot ziens
are you listening|are you there|anybody there|can you hear me|are you awake|you there
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

PERSON = (
    """
a human|a real human|a person|a real person|an actual person|a human being|a live person|somebody
someone|someone real|someone from your team|somebody from support|an agent|a live agent|an operator
a human agent|a support agent|a representative|a customer service rep|a rep|a member of staff
an employee|your manager|a supervisor|a manager|your boss|a colleague of yours|the support team
customer service|customer support|your support people|a specialist|an advisor|an expert|a technician
an engineer|the sales team|a consultant|anyone who is not a bot|a non-robot|one of your colleagues
the front desk|the helpdesk|your agent|someone else|a bank clerk|the hotel staff|the shop
my account manager
someone who can help|some real person|ur support|an adviser|the person in charge|one of the team
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

ASK_FOR = (
    """
i want to talk to {p}|i want to speak to {p}|i'd like to talk to {p}|i would like to speak with {p}
can i talk to {p}|can i speak to {p}|could i chat with {p}|may i speak with {p} please|talk to {p}
let me talk to {p}|let me speak to {p}|put me through to {p}|connect me to {p}|connect me with {p}
transfer me to {p}|please transfer me to {p}|get me {p}|give me {p}|i need {p}|i need to talk to {p}
i need to speak with {p}|is there {p} i can talk to|is {p} available|can {p} help me|can {p} call me
can {p} contact me|please have {p} contact me|have {p} call me back|could {p} look into this
i prefer talking to {p}|i'd rather talk to {p}|i demand to speak with {p}|how do i reach {p}
how can i get in touch with {p}|how do i get hold of {p}|i don't want a bot i want {p}
stop, let me talk to {p}|this is not helping, get {p}|forward this to {p}|pass me on to {p}
pass this on to {p}|escalate this to {p}|please escalate to {p}|hand me over to {p}
can you hand this over to {p}|i wish to chat with {p}|looking to speak with {p}|{p} please
enough, i want {p}|no more bot, {p} now|can you get {p} on the line|i asked for {p}
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

HANDOFF = (
    """
human please|agent|human|operator|representative|live agent|live chat with agent|real person now
is there a human here|any humans around|are there any real people here i can talk to|call me please
can i have a human|i don't want to talk to a machine|i am not talking to a robot|no bots please
i won't share my details with a machine|i don't trust a bot with this|not with a robot please
is anybody real there|how long until i can talk to an agent|i want to be connected to someone
stop wasting my time and give me a human|escalate|escalate this|please escalate my ticket
i want this escalated|this needs a human|someone please help me in person|can i call someone
i want to complain to a person|let me speak to whoever is in charge|who can i speak to about this
can i get a callback|please call me back|i'd like a call back|could someone ring me
hand me over|handover please|transfer me|put me through|connect me|i want out of this bot
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

ABOUT = (
    """
my refund|this bill|the invoice|my account|a payment that failed|our contract|the outage|this|that
my broken device|a missing parcel|the delivery|cancelling|an upgrade|my order 12345|login problems
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

QUESTION = (
    """
can a person be added to my plan|how many agents can i add|how do i add a person to the project
can i assign a ticket to another agent|how do i transfer a ticket to an agent|what does an agent do
how many human users are included|do you support human readable logs|what is the operator role
how do i remove a person from the team|what may a manager see|what is a representative sample
who is the operator of the plant|can two people share one account|how do i invite someone
can someone else pay my bill|what happens when someone leaves the team|how do i call an api
how do i contact the seller of my item|how do i talk to the api|does the agent run on windows
how do i connect to the server|connect my account to slack|transfer my data to another region
how do i hand over ownership|how do i escalate privileges in linux|what is an escalation policy
which human resources policy applies|what are your opening hours|when is support available
when are you open|are you open on sundays|where is your office|where are you located
what is your phone number|what is your email address|do you have a hotline|what's your address
how long have you been in business|do you offer a free trial|what are your prices|do you ship abroad
what is your refund policy|do you support sso|do you have an android app|do you take paypal
can you cancel my order|can you reset my password|can you send me the invoice|can you check my order
do you sell gift cards|do you have student discounts|do you keep my data|how do you store my data
are you gdpr compliant|who made the mg-200|who built this feature|who owns the data i upload
how old is the warranty|what is the name of the cheapest plan|what can i do with the api
what can the starter plan do|what does the pro plan include|what is the age limit
how do i make a greeting message|how do i change the welcome message|how do i say thanks in french
where do i set the bot's name|how do i train my own bot|what is a chatbot|how do bots work
how do i turn off the joke of the day|what does error e42 mean|the app is useless it crashes
this stupid app deleted my data|your service is terrible and i want a refund|i am unhappy
i hate the new layout how do i go back|why the hell was i charged twice|this sucks it won't sync
my screen is black|it does not turn on|nothing works|the pump is leaking|export fails|login broken
warranty|pricing|refund|shipping costs|delivery time|reset password|error 500|ax-100|sso|webhooks
vacation days|parental leave|expenses|sick note|dress code|office hours|parking|travel policy
where can i find the handbook|what is our policy on remote work|how much holiday do i have
who do i ask about benefits|who approves my expenses|who is responsible for payroll
what is kubernetes|explain tls|how does photosynthesis work|who was marie curie|capital of france
what is the population of norway|when did the war end|who wrote hamlet|who invented the telephone
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

TEMPLATES = (
    """
do you have {n}|do you offer {n}|do you sell {n}|do you support {n}|do you do {n}|do you use {n}
do you know about {n}|are you using {n}|are you on {n}|are you selling {n}|are there {n}
is there {n}
have you checked {n}|have you got {n}|did you change {n}|did you charge me for {n}|can i bring {n}
can you show me {n}|can you check {n}|can you explain {n}|could you tell me what {n} is
is {n} allowed|is {n} included|is it true that {n} works|what is your {n} policy|what are your {n}
what is your {n}|where is your {n}|how old is the {n}|how old are the {n}|where is {n} from
who made {n}|who owns the {n}|who works for the {n}|what's the name of the {n}|name the {n}
tell me about {n}|tell me more about {n}|i wanted to ask about {n}|i heard you have {n}|i like {n}
what about {n}|how about {n}|and {n}|{n}|the {n}|no {n}|any {n}|more {n}|show me {n}|help with {n}
what do you know about {n}|what can you tell me about {n}|i have a question about {n}|thanks for {n}
what is the meaning of {n}|what does {n} mean|i don't know the {n}|not sure about the {n}
my {n} is bad|your {n} is broken|the {n} is stupid|why is {n} so slow|i hate the {n}|i need {n}
do i need {n}|what makes a good {n}|how do i find {n}|how do i become {n}|when does {n} start
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

PEOPLE = (
    """
an agent|agents|a human|a person|humans|a manager|operators|a real estate agent|a representative
customer service|a supervisor|people|an advisor|personal data|human resources|support contracts
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

FOLLOW_UPS = (
    """
how do i do that|how to do that|how can i change it|how much is it|how much|why|why not|when|where
and why is that|how does it work|is it free|does it expire|can you show them to me|show them
which one
what does that mean|what is it|what are they|tell me more|more details please|can you explain
say that again|go on|continue|what else|anything else i should know|can i change it later
how long does it take|what happens then|and then|what if it fails|it does not work|still not working
that did not help|that's wrong|are you sure|where does it say that|what is the source|any limit
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

OPENINGS = (
    """
hi|hi,|hello,|hello there,|hey|hey there,|good morning,|good evening!|hi team,|thanks!|thank you.
ok thanks.|great, thanks.|ok,|hi juniper,|sorry to bother you,|quick question:|hey bot,|hello!
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

CLOSINGS = (
    """
thanks|thank you|please|thanks in advance|cheers|thank you very much|pls help|bye
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


def handoffs(rng: random.Random, n: int) -> list[str]:
    """Requests for a person: every opener, with a person, some with a reason."""
    out = list(HANDOFF)
    for _ in range(n):
        text = rng.choice(ASK_FOR).format(p=rng.choice(PERSON))
        if rng.random() < 0.3:
            text += " about " + rng.choice(ABOUT)
        out.append(courteous(text, rng, 0.25))
    return out


def templated(rng: random.Random, nouns: list[str], n: int) -> list[str]:
    """Questions that begin like small talk ("do you have …") and are about a thing."""
    out = [t.format(n=p) for t in TEMPLATES for p in PEOPLE]
    return out + [rng.choice(TEMPLATES).format(n=rng.choice(nouns)) for _ in range(n)]


def misspelt(text: str, rng: random.Random) -> str:
    """The text with two neighbouring letters of one or two words exchanged or one left out."""
    words = text.split()
    for _ in range(rng.choice((1, 2))):
        i = rng.randrange(len(words))
        word = words[i]
        if len(word) > 3:
            j = rng.randrange(1, len(word) - 1)
            middle = word[j + 1] + word[j] if rng.random() < 0.6 else word[j]
            words[i] = word[:j] + middle + word[j + 2 :]
    return " ".join(words)


def courteous(text: str, rng: random.Random, share: float = 1.0) -> str:
    """The text with a greeting before it or thanks after it, in a share of cases."""
    if rng.random() < share:
        text = f"{rng.choice(OPENINGS)} {text}"
    if rng.random() < share / 2:
        text = f"{text} {rng.choice(CLOSINGS)}"
    return text
