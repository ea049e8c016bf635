// ISO 3166-1 countries by alpha-2 code, and the code for an English name as trade data spells it.
// An unknown name is `undefined`, never a guess.

const NAMES = `AD Andorra|AE United Arab Emirates|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania|AM Armenia
AO Angola|AQ Antarctica|AR Argentina|AS American Samoa|AT Austria|AU Australia|AW Aruba|AX Åland Islands|AZ Azerbaijan
BA Bosnia and Herzegovina|BB Barbados|BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi
BJ Benin|BL Saint Barthélemy|BM Bermuda|BN Brunei Darussalam|BO Bolivia|BQ Bonaire, Sint Eustatius and Saba|BR Brazil
BS Bahamas|BT Bhutan|BV Bouvet Island|BW Botswana|BY Belarus|BZ Belize|CA Canada|CC Cocos (Keeling) Islands
CD Democratic Republic of the Congo|CF Central African Republic|CG Congo|CH Switzerland|CI Côte d'Ivoire|CK Cook Islands
CL Chile|CM Cameroon|CN China|CO Colombia|CR Costa Rica|CU Cuba|CV Cabo Verde|CW Curaçao|CX Christmas Island|CY Cyprus
CZ Czechia|DE Germany|DJ Djibouti|DK Denmark|DM Dominica|DO Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia|EG Egypt
EH Western Sahara|ER Eritrea|ES Spain|ET Ethiopia|FI Finland|FJ Fiji|FK Falkland Islands|FM Micronesia|FO Faroe Islands
FR France|GA Gabon|GB United Kingdom|GD Grenada|GE Georgia|GF French Guiana|GG Guernsey|GH Ghana|GI Gibraltar
GL Greenland|GM Gambia|GN Guinea|GP Guadeloupe|GQ Equatorial Guinea|GR Greece
GS South Georgia and the South Sandwich Islands|GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana|HK Hong Kong
HM Heard Island and McDonald Islands|HN Honduras|HR Croatia|HT Haiti|HU Hungary|ID Indonesia|IE Ireland|IL Israel
IM Isle of Man|IN India|IO British Indian Ocean Territory|IQ Iraq|IR Iran|IS Iceland|IT Italy|JE Jersey|JM Jamaica
JO Jordan|JP Japan|KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros|KN Saint Kitts and Nevis|KP North Korea
KR South Korea|KW Kuwait|KY Cayman Islands|KZ Kazakhstan|LA Laos|LB Lebanon|LC Saint Lucia|LI Liechtenstein|LK Sri Lanka
LR Liberia|LS Lesotho|LT Lithuania|LU Luxembourg|LV Latvia|LY Libya|MA Morocco|MC Monaco|MD Moldova|ME Montenegro
MF Saint Martin (French part)|MG Madagascar|MH Marshall Islands|MK North Macedonia|ML Mali|MM Myanmar|MN Mongolia|MO Macao
MP Northern Mariana Islands|MQ Martinique|MR Mauritania|MS Montserrat|MT Malta|MU Mauritius|MV Maldives|MW Malawi
MX Mexico|MY Malaysia|MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|NF Norfolk Island|NG Nigeria|NI Nicaragua
NL Netherlands|NO Norway|NP Nepal|NR Nauru|NU Niue|NZ New Zealand|OM Oman|PA Panama|PE Peru|PF French Polynesia
PG Papua New Guinea|PH Philippines|PK Pakistan|PL Poland|PM Saint Pierre and Miquelon|PN Pitcairn|PR Puerto Rico
PS Palestine|PT Portugal|PW Palau|PY Paraguay|QA Qatar|RE Réunion|RO Romania|RS Serbia|RU Russian Federation|RW Rwanda
SA Saudi Arabia|SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden|SG Singapore
SH Saint Helena, Ascension and Tristan da Cunha|SI Slovenia|SJ Svalbard and Jan Mayen|SK Slovakia|SL Sierra Leone
SM San Marino|SN Senegal|SO Somalia|SR Suriname|SS South Sudan|ST Sao Tome and Principe|SV El Salvador
SX Sint Maarten (Dutch part)|SY Syria|SZ Eswatini|TC Turks and Caicos Islands|TD Chad|TF French Southern Territories
TG Togo|TH Thailand|TJ Tajikistan|TK Tokelau|TL Timor-Leste|TM Turkmenistan|TN Tunisia|TO Tonga|TR Türkiye
TT Trinidad and Tobago|TV Tuvalu|TW Taiwan|TZ Tanzania|UA Ukraine|UG Uganda|UM United States Minor Outlying Islands
US United States|UY Uruguay|UZ Uzbekistan|VA Holy See|VC Saint Vincent and the Grenadines|VE Venezuela
VG British Virgin Islands|VI United States Virgin Islands|VN Viet Nam|VU Vanuatu|WF Wallis and Futuna|WS Samoa|YE Yemen
YT Mayotte|ZA South Africa|ZM Zambia|ZW Zimbabwe`;

/** Former, colloquial and trade spellings. */
const ALIASES = `GB Great Britain|GB England|GB Scotland|GB Wales|GB Northern Ireland|GB UK|GB U.K.
GB United Kingdom of Great Britain and Northern Ireland|US USA|US U.S.A.|US United States of America|IE Eire
IE Republic of Ireland|ZA RSA|ZA Republic of South Africa|KR Korea|KR Republic of Korea|KR Korea, Republic of
KP Korea, Democratic People's Republic of|CZ Czech Republic|NL The Netherlands|NL Holland|AE UAE|RU Russia|VN Vietnam
TR Turkey|SY Syrian Arab Republic|LA Lao People's Democratic Republic|IR Iran, Islamic Republic of|BN Brunei
BO Bolivia, Plurinational State of|VE Venezuela, Bolivarian Republic of|TZ Tanzania, United Republic of
MD Moldova, Republic of|FM Micronesia, Federated States of|CD Congo, Democratic Republic of the|CG Republic of the Congo
CI Ivory Coast|CV Cape Verde|SZ Swaziland|MK Macedonia|MM Burma|TL East Timor|VA Vatican City|MO Macau
HK Hong Kong SAR|TW Taiwan, Province of China|PS Palestine, State of|FK Falkland Islands (Malvinas)
VG Virgin Islands, British|VI Virgin Islands, U.S.|SX Sint Maarten|MF Saint Martin|BQ Caribbean Netherlands
SH Saint Helena|PN Pitcairn Islands|ST São Tomé and Príncipe|GM The Gambia|BS The Bahamas|CN People's Republic of China
DE Federal Republic of Germany`;

/** Alpha-2 code → English name. */
export const COUNTRIES: ReadonlyMap<string, string> = new Map(entries(NAMES));

const CODES_BY_NAME: ReadonlyMap<string, string> = new Map(
  [...entries(NAMES), ...entries(ALIASES)].map(([code, name]): [string, string] => [spelling(name), code]),
);

export function isCountry(code: string): boolean {
  return COUNTRIES.has(code);
}

export function countryName(code: string): string | undefined {
  return COUNTRIES.get(code);
}

/** Blind to case, accents, punctuation, `&` for "and" and `St` for "Saint". */
export function countryByName(name: string): string | undefined {
  return CODES_BY_NAME.get(spelling(name));
}

function entries(table: string): [string, string][] {
  return table.split(/[|\n]/).map((entry): [string, string] => [entry.slice(0, 2), entry.slice(3)]);
}

function spelling(name: string): string {
  return name
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll("&", " and ")
    .replace(/\bst\b\.?/g, "saint")
    .replace(/['’.]/g, "")
    .replace(/[^a-z]+/g, " ")
    .trim();
}
