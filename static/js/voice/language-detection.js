// In which language a text is to be read: one that is written in its script, the browser's own ones first.

const ALPHABETS = "Latn Cyrl Arab Hebr Thai Deva Beng Taml Grek Armn Geor Khmr Laoo Mymr".split(" ");
const LETTERS_PER_SYLLABLE = 3;

/** Characters that one way of writing Chinese has and the other has not. */
const TRADITIONAL = /[這們個為會時說請對國來點還過開關問號醫護電藥給從現發應該間門見沒樓飯塊錢兩診費圖頭買賣車學語網聽]/g;
const SIMPLIFIED = /[这们个为会时说请对国来点还过开关问号医护电药给从现发应该间门见没楼饭块钱两诊费图头买卖车学语网听]/g;

/** Words that hardly any sentence of a language lacks, to tell languages of the same letters. */
const COMMON = Object.entries({
  en: "the and you your with this are of to is for not or at be will can if as per hello please thanks yes",
  de: "der die das und ist nicht ein eine mit sie ihr für hallo bitte danke ja",
  fr: "le la les des et est une vous votre pour dans pas bonjour merci oui",
  es: "el la los las y es una su que para usted hola gracias sí",
  it: "il la gli di e è una che non buongiorno ciao grazie sì",
  pt: "o os e é uma com que para não seu olá obrigado sim",
  nl: "de het een en is van niet met uw voor hallo dank ja",
});
const COMMON_WORDS = new Map(COMMON.map(([language, words]) => [language, new Set(words.split(" "))]));

/** As in ISO 15924. Some browsers name languages in ways that are not in the standard. */
function scriptOf(language) {
  try {
    return new Intl.Locale(language).maximize().script;
  } catch {
    return "";
  }
}

/** The language that is most often written so. */
function usualIn(script) {
  const { language, region } = new Intl.Locale(`und-${script}`).maximize();
  return `${language}-${region}`;
}

const count = (text, pattern) => text.match(pattern)?.length ?? 0;

/** The scripts of languages that a text can be in, the likeliest first; none where it has no letters. */
function scriptsOf(whole) {
  const text = whole.replace(/[!-~]+[./@][!-~]+/g, ""); // addresses, and the like of mg/kg
  const of = (script) => count(text, new RegExp(`\\p{Script=${script}}`, "gu"));
  const [han, kana] = [of("Han"), of("Hira") + of("Kana")];
  const counts = ALPHABETS.map((script) => [of(script), [script]]);
  counts.push([of("Hang") * LETTERS_PER_SYLLABLE, ["Kore"]]);
  counts.push([(han + kana) * LETTERS_PER_SYLLABLE, kana * 10 > han ? ["Jpan"] : chineseIn(text)]);
  const [most, scripts] = counts.reduce((best, other) => (other[0] > best[0] ? other : best));
  return most ? scripts : [];
}

function chineseIn(text) {
  const excess = count(text, TRADITIONAL) - count(text, SIMPLIFIED);
  if (excess < 0) return ["Hans"];
  return excess ? ["Hant", "Jpan"] : ["Hans", "Hant", "Jpan"];
}

/**
 * The language of `text`, as a BCP 47 tag, where what is `before` it was in that language (or null). `languages` are
 * those that the reader knows, the best first.
 */
export function languageOf(text, before, languages = globalThis.navigator?.languages ?? []) {
  const scripts = scriptsOf(text);
  if (!scripts.length) return before;
  const fitting = [before, ...languages].filter((language) => language && scripts.includes(scriptOf(language)));
  const words = text.toLowerCase().match(/\p{L}+/gu);
  const commonIn = (language) => words.filter((word) => COMMON_WORDS.get(language.split("-")[0])?.has(word)).length;
  return [...fitting, usualIn(scripts[0])].reduce((best, other) => (commonIn(other) > commonIn(best) ? other : best));
}
