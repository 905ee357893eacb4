// What was heard, word for word: echoes, joints, languages.

import assert from "node:assert/strict";
import { test } from "node:test";

import { isOwnVoice, withoutEcho } from "../../../static/js/voice/echo.js";
import { after, joined } from "../../../static/js/voice/phrases.js";
import { spokenLanguage } from "../../../static/js/voice/recognition.js";

/** Heard while the page said these sentences, one a second; it fell silent at `hushedAt`. */
const pageOf = (sentences, hushedAt = Infinity) => ({
  said: sentences.map((text, at) => ({ text, from: at * 1_000 })),
  hushedAt,
});
const asked = (text, ...sentences) => withoutEcho({ text, from: 0, endsAt: 1_000 }, pageOf(sentences));

const GARDEN = "The garden is behind the house.";

test("a run of the page's own words at the start goes, and the rest stays letter for letter", () => {
  const cases = [
    ["the garden is behind the house", "", GARDEN],
    ["The garden is behind the house. When does it CLOSE?", "When does it CLOSE?", GARDEN],
    ["is behind the house, wait!", "wait!", GARDEN],
    ["the garden is behind the house it opens at nine. No.", "No.", GARDEN, "It opens at nine."],
    ["it's at 8:30 today — I don’t want “that”, ok?", "— I don’t want “that”, ok?", "It’s at 8:30 today."],
    ["its at 8 30 in the morning (really)", "(really)", "Its at 8:30 in the morning."],
    ["the dose is about .5 mg", ".5 mg", "The dose is about"],
    ["THE GARDEN IS BEHIND ¿qué?", "¿qué?", GARDEN],
    ["花园在大楼后面，几点开门？", "几点开门？", "花园在大楼后面。"],
    ["大楼后面九点开，我不要这个", "我不要这个", "花园在大楼后面，九点开。"],
    ["请在 CT 室 等 候 护士我不去", "我不去", "请在CT室等候护士。"],
    ["정원은 집 뒤에 있어요 언제 열어요?", "언제 열어요?", "정원은 집 뒤에 있어요."],
  ];
  for (const [heard, rest, ...said] of cases) assert.equal(asked(heard, ...said), rest);
});

test("in doubt the words stay, all of them, as they were heard", () => {
  const cases = [
    ["When are visiting hours?", "Visiting hours are when you are visiting."],
    ["几点开门？", "几点开门都可以。"],
    ["我不要这个，我要看医生", "请不要着急"],
    ["不要着急", "不要着急"], // four signs
    ["behind the house", GARDEN], // three words
    ["I said the garden is behind the house", GARDEN], // not at the start
    ["the garden was behind the house", GARDEN], // two words, and then others
    ["the garden is now behind the house", GARDEN],
    ["the house is behind the garden", GARDEN],
    ["please take the tablets before you eat", "Please do not take the tablets before you eat."],
    ["take 15 of those", "Take 1.5 of those."],
    ["  Stop!  ", "Stop. Stop. Stop. Wait."],
    ["ありがとうございます", "ありがとうございます。"], // no Han among them
    ["nein das will ich nicht", "Nein, das wollen Sie nicht."],
    ["请打开 Wi Fi 设置", "请打开 Wi-Fi 设置。"], // five signs and two words are neither six nor four
  ];
  for (const [heard, ...said] of cases) assert.equal(asked(heard, ...said), heard);
  assert.equal(asked("What about it?"), "What about it?");
});

test("an echo grows, and is one as soon as it is long enough", () => {
  const heard = ["the", "the garden", "the garden is", "the garden is behind", "the garden is behind the house when"];
  assert.deepEqual(heard.map((text) => asked(text, GARDEN)), ["the", "the garden", "the garden is", "", "when"]);
});

test("who repeats the page's words after it fell silent is heard", () => {
  const said = ["Shall I call the nurse now?"];
  const heard = (from, to, text = "Call the nurse now please") =>
    withoutEcho({ text, from, endsAt: to }, pageOf(said, 2_000));
  assert.equal(heard(500, 2_900), "please");
  assert.equal(heard(2_000, 3_400, "Call the nurse now"), "");
  assert.equal(heard(1_900, 3_600, "Call the nurse now"), "Call the nurse now");
  assert.equal(heard(1_800, 4_500), "Call the nurse now please");
  assert.equal(heard(9_000, 11_000), "Call the nurse now please");
  assert.equal(heard(500, 4_500), "please"); // there was time for it to be an echo
  assert.equal(withoutEcho({ text: "Call the nurse now", from: 0, endsAt: 9 }, { said: [], hushedAt: -Infinity }), "Call the nurse now");
});

test("who answers in the page's own words, as soon as it is silent, keeps each of them", () => {
  const answers = [
    ["Are you not able to take aspirin?", "not able to take aspirin, I am allergic"],
    ["Do not take it with food.", "Do not take it with milk?"],
    ["您是不是不能吃阿司匹林？", "不能吃阿司匹林，会过敏"],
    ["请不要吃这个药。", "请不要吃这个药吗"],
    ["Take 5 mg of aspirin every day.", "Take 5 mg of aspirin twice a day?"],
  ];
  for (const [said, answer] of answers) {
    for (const from of [2_050, 2_500, 3_000]) {
      assert.equal(withoutEcho({ text: answer, from, endsAt: from + 400 }, pageOf([said], 2_000)), answer);
    }
  }
});

test("only the last words count: what was said long before is no echo", () => {
  const page = pageOf(["I want to see a doctor.", "That is fine.", "Where are you?", "Please wait."]);
  const heard = (from) => withoutEcho({ text: "I want to see a doctor.", from, endsAt: from + 500 }, page);
  assert.deepEqual([heard(800), heard(3_000)], ["", "I want to see a doctor."]);
});

test("where the microphone shows that nobody spoke, a word that was misheard does not make it a question", () => {
  const said = ["The garden is behind the house.", "It opens at nine."];
  const own = (text, to = 1_000, hushedAt = Infinity) => isOwnVoice({ text, from: 0, endsAt: to }, pageOf(said, hushedAt));
  assert.ok(own("the garden is behind the mouse it opens at nine"));
  assert.ok(own("It opens at nine"));
  for (const others of ["the garden is behind the mouse", "the garden is not behind the house", "it opens", "no", ""]) {
    assert.ok(!own(others), others);
  }
  assert.ok(!own("it opens at nine", 9_000, 2_000));
  assert.ok(own("it opens at nine", 3_000, 2_000));
});

test("pieces are joined with the space that their language wants", () => {
  const together = [
    "Hello there.| |How are you?",
    "schön| |über",
    "где| |это",
    "안녕하세요| |반갑습니다",
    "你好||世界",
    "你好。||我们走吧",
    "今日は||元気です",
    "カタカナ||ひらがな",
    "สวัสดี||ครับ",
    "我今年||30岁",
    "我要做||MRI",
    "take 2| |3 times", // never another number
    "๒| |๓",
    "yes||, and then",
    "take| |.5 mg",
    "Please (||really)",
    "one\n||two",
    "he said| |“no”",
    "||first",
    "last||",
  ];
  for (const line of together) {
    const [one, space, other] = line.split("|");
    assert.equal(joined(one, other), one + space + other);
  }
});

test("what follows is told from what was known, also when that changes its looks", () => {
  assert.equal(after("where is the garden", "where is the"), "garden");
  assert.equal(after("Where is the garden?", "where is the"), "garden?");
  assert.equal(after("Where is it? There.", "Where is it?"), "There.");
  assert.equal(after("花园在哪里", "花园在"), "哪里");
  assert.equal(after("whereas I", "where"), "whereas I");
  assert.equal(after("where is", "where is"), "");
});

test("people speak their browser's first language, unless they put the page into another", () => {
  const spoken = (shown, ...languages) => spokenLanguage(shown, languages);
  assert.equal(spoken("en", "de-AT", "de", "en"), "de-AT");
  assert.equal(spoken("en", "ja"), "ja");
  assert.equal(spoken("zh-CN", "zh-TW", "zh", "en"), "zh-TW");
  assert.equal(spoken("zh-CN", "zh-HK"), "zh-HK");
  assert.equal(spoken("zh-CN", "fr", "zh-CN"), "fr"); // the page has no French
  assert.equal(spoken("en", "en-GB", "zh-TW"), "en-GB");
  assert.equal(spoken("zh-CN", "en-GB", "zh-TW"), "zh-TW"); // switched
  assert.equal(spoken("en", "zh-CN", "en-AU"), "en-AU");
  assert.equal(spoken("zh-CN", "de"), "zh-CN");
  assert.equal(spoken("en"), "en");
});
