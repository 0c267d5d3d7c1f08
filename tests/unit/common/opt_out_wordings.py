"""How people ask not to be called again, and what sounds alike and is not that."""

STOP = {
    "en": """
Never call me again!
Please do not call this number again.
Don't call here anymore.
Don't ever call us again, okay?
Stop calling me.
Take me off your list.
Remove this number from your calling list, please.
Please remove my number.
Lose my number.
Put me on your do not call list.
No more calls please.
Do not contact us any longer.
I don't want you to call me again.
I do not want to be called again.
I don't want any more calls.
I don't want to hear from you again.
We don't want these calls.
Quit calling this house.
Please stop contacting us.
Stop harassing me.
Stop bothering my mother.
You need to stop calling here.
I've asked you to stop calling.
How many times do I have to tell you to stop calling?
Would you please stop phoning us?
Cease calling this number immediately.
Take my name off your list.
Take this number off your records.
Get me off your list right now.
Delete my number from your system.
Erase our number from your database.
Please unsubscribe me.
Unsubscribe.
I want to opt out.
Opt me out, please.
I am opting out of these calls.
Leave me alone.
Just leave us alone, will you?
Forget this number.
Don't you ever call this number again.
You are not to call here again.
You must not call me again.
You cannot call me anymore.
Don't bother calling back ever again.
Please don't phone here any more.
Don't ring me again.
Please make sure you never ring this number again.
Never phone us, ever.
Never contact me again.
This is the last time you call me.
I withdraw my consent to be called.
I revoke permission for these calls.
Add us to the do-not-call list.
We're on the do not call registry.
Cross me off your call list.
Strike our number from your records.
I don't wish to receive any more calls from you.
Please don't call me back again.
No further calls, thank you.
Drop me from your calling list.
Don't disturb us again.
Do not dial this number again.
Next time you call I will report you.
""",
    "de": """
Rufen Sie nie wieder an!
Bitte nicht mehr anrufen.
Rufen Sie mich nicht mehr an.
Rufen Sie hier bitte nie wieder an.
Rufen Sie uns nicht noch einmal an.
Ich möchte nicht mehr angerufen werden.
Hören Sie auf, mich anzurufen!
Keine weiteren Anrufe bitte.
Keine Anrufe mehr!
Streichen Sie mich von Ihrer Liste.
Löschen Sie bitte meine Nummer.
Löschen Sie meine Nummer aus Ihrer Datenbank.
Nehmen Sie mich bitte aus Ihrer Liste.
Lassen Sie mich in Ruhe.
Lassen Sie uns bitte endlich in Ruhe!
Vergessen Sie diese Nummer.
Sie brauchen mich nie mehr anzurufen.
Ruf mich nie wieder an.
""",
    "es": """
No me llame más.
No me llamen nunca más.
No vuelva a llamarme.
No vuelvan a llamar a este número.
No me vuelva a llamar, por favor.
Deje de llamarme.
Dejen de molestarnos.
Quíteme de su lista.
Borre mi número.
Eliminen este número, por favor.
No quiero recibir más llamadas.
No quiero que me llamen.
Déjeme en paz.
Nunca más me llamen.
Bórrenme de la lista.
Pare de llamarme.
""",
    "fr": """
Ne me rappelez plus.
Ne m'appelez plus jamais.
N'appelez plus ce numéro.
Ne nous contactez plus.
Arrêtez de m'appeler.
Cessez de nous appeler.
Arrêtez de me déranger.
Retirez-moi de votre liste.
Supprimez mon numéro.
Effacez mon numéro de vos fichiers.
Laissez-moi tranquille.
Je ne veux plus être appelé.
Je ne veux plus que vous m'appeliez.
Ne rappelez jamais.
Veuillez ne plus m'appeler.
Merci de ne plus nous rappeler.
Plus d'appels, s'il vous plaît.
""",
    "it": """
Non mi chiami più.
Non chiamatemi più.
Non mi chiamate mai più.
Non chiamate più qui.
Smetta di chiamarmi.
Smettetela di disturbarci.
Mi tolga dalla lista.
Toglietemi dal vostro elenco.
Cancelli il mio numero.
Cancellate questo numero.
Non voglio più ricevere chiamate.
Non voglio essere chiamata.
Lasciatemi in pace.
Non richiamate più.
Non ci disturbi più.
""",
    "pt": """
Não me ligue mais.
Não liguem mais para este número.
Não volte a ligar.
Nunca mais me ligue.
Pare de me ligar.
Deixe de me incomodar.
Tire o meu número da lista.
Retirem-me da vossa lista.
Apague o meu número.
Não quero receber mais chamadas.
Não quero mais ligações.
Não telefone mais, por favor.
Deixe-me em paz.
Me deixe em paz.
Não quero que me liguem.
""",
    "nl": """
Bel me nooit meer.
Bel mij niet meer.
Belt u ons alstublieft niet meer.
Niet meer bellen, alstublieft.
U moet hier nooit meer bellen.
Stop met bellen.
Hou op met mij te bellen.
Haal mij van de lijst.
Haalt u mijn nummer uit uw bestand.
Verwijder mijn nummer.
Verwijder ons uit uw systeem.
Ik wil niet meer gebeld worden.
Ik wil geen telefoontjes meer.
Laat me met rust.
Vergeet dit nummer.
""",
    "pl": """
Proszę do mnie więcej nie dzwonić.
Proszę nie dzwonić więcej.
Nie dzwońcie więcej.
Nigdy więcej nie dzwońcie.
Nie dzwoń do mnie więcej.
Proszę przestać dzwonić.
Przestańcie dzwonić!
Proszę mnie usunąć z listy.
Proszę wykreślić mój numer z bazy.
Proszę usunąć mój numer.
Nie życzę sobie telefonów.
Nie chcę więcej telefonów.
Proszę zostawić nas w spokoju.
Dajcie mi spokój.
""",
}

GO_ON = """
Could you call me again tomorrow?
Please don't call before nine.
I will never forget this.
We close at five, call back then.
Do not hesitate to call.
Please stop by the office.
I'll put you on the waiting list.
Never call before noon.
Don't call today, call tomorrow.
Please call again next week.
Can you call back later? I can't talk now.
I don't want to be called before ten.
He will never call me back, you know.
They never call me back.
Stop, wait a second.
Stop right there, let me get a pen.
Don't worry about it.
Never mind.
No more appointments this week, sorry.
We have no more free tables.
There are no more calls scheduled today.
Let me put you on the list.
I will take you off hold now.
I took her off the waiting list.
Remove the old appointment please.
Please delete my old appointment.
Leave me a message.
Leave us your number.
Don't forget to call again.
You can call me again anytime.
You don't need to call again, it is booked.
You won't need to call again.
There is no need to call back.
I forgot my number.
The number you gave is not on our list.
We don't take calls on Sundays.
I don't have any more questions.
I never called you.
Why do you never call?
Don't call me Susan, call me Sue.
You can stop by on Tuesday.
Rufen Sie bitte morgen wieder an.
Rufen Sie nicht vor neun Uhr an.
Nicht mehr heute, morgen vielleicht.
Keine freien Termine mehr.
Llámeme mañana otra vez.
No llame antes de las nueve.
No tengo más citas.
Rappelez demain, s'il vous plaît.
Ne rappelez pas avant neuf heures.
Je n'ai plus de rendez-vous.
Mi richiami domani.
Non chiami prima delle nove.
Non ho più posti.
Ligue amanhã, por favor.
Não tenho mais vagas.
Bel morgen nog eens.
Niet voor negen uur bellen.
Ik heb geen plaats meer.
Proszę zadzwonić jutro.
Nie dzwonić przed dziewiątą.
Nie mamy więcej terminów.
"""


def lines_of(text: str) -> list[str]:
    """Return the lines of a list above."""
    return text.strip().splitlines()
