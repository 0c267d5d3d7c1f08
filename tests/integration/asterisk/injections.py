"""Texts that must never become a call: injections, ends of toll fraud, emergency numbers."""

INJECTIONS = {
    "a second action": "+15551230000\r\nAction: Originate\r\nChannel: PJSIP/+12125550130@trunk",
    "a second variable": "+15551230000\r\nVariable: CALLERID(num)=911",
    "line feed": "+12125550130\n",
    "carriage return": "+12125550130\r",
    "a second destination": "500&PJSIP/trunk/19005550100",
    "a second destination behind a number": "+12125550130&PJSIP/+12125550131@trunk",
    "another host": "1@evil.com",
    "another host behind a number": "+12125550130@evil.com",
    "a caller id": "555,CALLERID(num)=911",
    "an option": "+12125550130,30,G(opendeep^media^1)",
    "a function": "${SHELL(id)}",
    "a function behind a number": "+12125550130${SHELL(id)}",
    "an expression": "$[1+1]",
    "an expression's quote": '+12125550130" = "" | "1',
    "a closing bracket": "+12125550130):0:3",
    "percent-encoded line break": "%0d%0aAction: Originate",
    "percent-encoded behind a number": "+12125550130%0d%0a",
    "NUL": "+12125550130\0",
    "NUL inside": "+1212\x005550130",
    "line separator": "+12125550130\u2028",
    "paragraph separator": "\u2029+12125550130",
    "next line": "+12125550130\x85",
    "full-width digits": "\uff0b\uff11\uff12\uff11\uff12\uff15\uff15\uff15\uff10\uff11\uff13\uff10",
    "full-width behind a plus": "+\uff11\uff12\uff11\uff12\uff15\uff15\uff15\uff10\uff11\uff13",
    "Arabic-Indic digits": "+\u0661\u0662\u0661\u0662\u0665\u0665\u0665\u0660\u0661\u0663\u0660",
    "superscript": "+1212555013\u00b2",
    "right to left": "\u202e+12125550130",
    "zero width": "+1212\u200b5550130",
    "five thousand": "+1" + "2" * 5000,
    "spaces": "+1 212 555 0130",
    "dashes": "+1-212-555-0130",
    "letters": "+1212CALLNOW",
    "a URI": "sip:+12125550130@trunk",
    "tel URI": "tel:+12125550130",
    "a path": "../../../etc/passwd",
    "another context": "media@opendeep",
    "past the guard": "19002345678@opendeep-number/n",
    "past the guard with a country": "19002345678@opendeep-countries/n",
    "past the guard to an emergency": "911@opendeep-number/n",
    "past the guard to a transfer": "blind@opendeep-transfer/n",
    "an extension's label": "s,1",
    "a semicolon": "+12125550130;2",
    "an extension": "+12125550130;ext=911",
    "a pause": "+12125550130,,,9",
    "keys": "*67",
    "keys before a number": "*67+12125550130",
    "hash": "#",
    "nothing": "",
    "a plus": "+",
    "too short": "+121255",
    "too long": "+1212555013012345",
    "a leading zero": "+0212555013",
}
TOLL_FRAUD = {
    number: number
    for number in (
        *("+88213300000", "+88312345678", "+870773111632", "+881612345678", "+97912345678"),
        *("+80812345678", "+19002345678", "+19762345678", "+12129762345", "+12125551212"),
        *("+18092345678", "+18762345678", "+14734072345", "+5371234567", "+447012345678"),
        *("+449012345678", "+448431234567", "+499001234567", "+491805123456", "+33891123456"),
        *("0088213300000", "01188213300000", "1010288", "101028812125550130", ",,,9"),
    )
}
EMERGENCY = {
    number: number
    for number in (
        *("911", "9911", "+1911", "112", "999", "000", "110", "119", "988", "933", "+44999"),
        *("1 1 2", "9 1 1", "tel:911", "+1988", "+49112", "+61000", "+81110", "411", "+1411"),
        *("+19115550100", "+12129115555", "+49116117", "+33116117", "*911"),
    )
}
REFUSED = INJECTIONS | TOLL_FRAUD | EMERGENCY
