// Names of characters: those of HTML 4 (W3C, HTML 4.01, 24), `&apos;` and numbers. Others stay as they are written.

/** Names of characters that follow each other, from a code point on. */
const SIGNS =
  "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute " +
  "micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest";
/** Each has a small letter 32 code points further. */
const CAPITALS = {
  192:
    "Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde " +
    "Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN",
  913:
    "Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi Omicron Pi Rho - Sigma Tau Upsilon Phi " +
    "Chi Psi Omega",
};
const OTHERS =
  "amp&lt<gt>quot\"apos'szligßyumlÿtimes×divide÷OEligŒoeligœScaronŠscaronšYumlŸfnofƒcircˆtilde˜sigmafςthetasymϑ" +
  "upsihϒpivϖensp\u2002emsp\u2003thinsp\u2009zwnj\u200Czwj\u200Dlrm\u200Erlm\u200Fndash–mdash—lsquo‘rsquo’sbquo‚" +
  "ldquo“rdquo”bdquo„dagger†Dagger‡bull•hellip…permil‰prime′Prime″lsaquo‹rsaquo›oline‾frasl⁄euro€imageℑweierp℘realℜ" +
  "trade™alefsymℵlarr←uarr↑rarr→darr↓harr↔crarr↵lArr⇐uArr⇑rArr⇒dArr⇓hArr⇔forall∀part∂exist∃empty∅nabla∇isin∈notin∉" +
  "ni∋prod∏sum∑minus−lowast∗radic√prop∝infin∞ang∠and∧or∨cap∩cup∪int∫there4∴sim∼cong≅asymp≈ne≠equiv≡le≤ge≥sub⊂sup⊃" +
  "nsub⊄sube⊆supe⊇oplus⊕otimes⊗perp⊥sdot⋅lceil⌈rceil⌉lfloor⌊rfloor⌋lang⟨rang⟩loz◊spades♠clubs♣hearts♥diams♦";

const CHARACTERS = new Map();

function enter(names, from, rename = (name) => name) {
  names.split(" ").forEach((name, at) => CHARACTERS.set(rename(name), String.fromCharCode(from + at)));
}

enter(SIGNS, 160);
for (const [from, names] of Object.entries(CAPITALS)) {
  enter(names, Number(from));
  enter(names, Number(from) + 32, (name) => name.toLowerCase());
}
for (const [, name, character] of OTHERS.matchAll(/(\w+)(\W)/g)) CHARACTERS.set(name, character);

export const ENTITY = /&(?:#x[\da-f]{1,6}|#\d{1,7}|[a-z]\w{1,7});/gi;

/** The character that an entity like `&lt;`, `&#60;` or `&#x3C;` stands for. */
export function characterOf(entity) {
  const [, hex, digits] = /^&#(?:x(\w+)|(\d+));$/i.exec(entity) ?? [];
  if (!hex && !digits) return CHARACTERS.get(entity.slice(1, -1)) ?? entity;
  const code = hex ? Number.parseInt(hex, 16) : Number(digits);
  const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return String.fromCodePoint(isCharacter ? code : 0xfffd);
}

export const decode = (text) => text.replace(ENTITY, characterOf);
