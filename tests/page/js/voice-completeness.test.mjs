// Whether somebody who has just fallen silent has said all: transcripts as recognisers write them, and what they are.

import assert from "node:assert/strict";
import { test } from "node:test";

import { completeness, isBackchannel, isFiller } from "../../../static/js/voice/completeness.js";
import { cpuMs } from "./cpu-time.js";

const ENGLISH = {
  complete: [
    "Where is the garden?", "Where is the garden.", "where is the garden", "what time is breakfast",
    "When are visiting hours?", "how do I get to the third floor", "How much does it cost?", "who is my doctor today",
    "Can I have some water?", "can I have some water", "could you call the nurse please", "Do I take it before eating?",
    "is the pharmacy open on Sundays", "does the bus stop here", "why does it hurt", "how are you", "how long does it take",
    "I do not want this.", "I am allergic to penicillin.", "Please call the nurse.", "My name is Anna Berger.",
    "I would like to ask about my bill.", "I take 500 mg twice a day.", "My room is 212.", "It is at half past eight.",
    "yes", "Yes.", "no", "No.", "no, thank you", "No thank you.", "yes please", "okay", "that's right", "of course",
    "yes I do", "No, I am not.", "thank you very much", "not yet", "never mind", "Stop!", "the second one", "I don't know",
    "Call the nurse. No, wait, call my daughter.", "It hurts here. What can I do?", "nothing else, thanks",
    "I would like to ask where it is.", "What should I do.", "Which floor is the doctor on.", "I know who you are.",
    "help", "Help me!", "how long do I have to wait", "Should I hold the line or wait.", "I am on a diet so no sugar please", "could you repeat that please",
  ],
  hanging: [
    "I would like to ask", "I would like to ask.", "I'd like to", "I want to know", "I want", "I need", "I need a",
    "and", "I have a headache and", "I have a headache, and.", "I came because", "because.", "Is it open on Monday or",
    "The pain is in my", "take me to the", "I am looking for", "where is the", "what is", "What is the.", "can you",
    "could you please", "Can you tell me", "please call", "Please call.", "my name is", "My name is.", "please",
    "um", "Um.", "I think, uh", "well", "so", "you know", "I mean", "let me see", "I take the blue one,",
    "The first thing is:", "and then …", "and then...", "my phone number is", "My phone number is 0 1 5 2",
    "my number is 555 123", "oh one seven two", "0 4 1 7.", "I take five hundred", "I take 500", "The dose is 2.",
    "she gets twenty", "I want to", "it hurts when", "if", "I was told that", "more than", "in the", "do you", "is it",
    "I have a question about", "I'm going to", "give me", "tell me", "it is very",
    "wait", "Oh, wait.", "just a moment", "Just a moment, please.", "hold on", "One moment.", "can you remind me", "Tell me please",
  ],
  unclear: [
    "I take the blue tablet in the evening", "it hurts here", "the garden", "breakfast", "room 212", "I arrived yesterday",
    "there is a problem with my bed", "my daughter comes at five", "tomorrow morning", "what time", "hello",
    "if I take it in the morning", "If I take it in the morning.", "when I get up in the morning", "forty two", "the nurse", "I would like to ask where it is",
    "what should I do", "who do I have to talk to",
    "the projector does not turn on", "I cannot log in", "does the price include", "it hurts when I breathe in",
  ],
};
const CHINESE = {
  complete: [
    "花园在哪里？", "花园在哪里", "花园在哪儿", "几点开门？", "食堂几点开门", "这是什么", "这个药怎么吃", "怎么走", "多少钱",
    "一天吃几次", "在几楼", "为什么会疼", "我能喝水吗", "能不能帮我叫护士？", "可以洗澡吗", "我的医生是谁", "要等多久", "怎么办",
    "我不要这个。", "我对青霉素过敏。", "请叫护士。", "我叫王芳。", "每天吃两次，每次一片。", "我每次吃五百毫克。", "我住三零二。",
    "好的", "好的。", "好", "是", "是的", "对", "对的。", "不是", "不要", "不用", "不用了，谢谢", "谢谢", "没有", "可以", "行",
    "没问题", "是今天", "不是今天", "不知道", "我不知道", "第二个", "别叫护士！", "我想问一下，花园在哪里？", "停",
    "您好，请问卫生间在哪里", "不，我要看医生。", "救命", "救命啊！", "产假怎么申请", "要不要带以前的片子", "会不会疼得厉害",
    "是五百毫克还是五克", "我的电话是 13800138000", "我要鸡肉吧",
  ],
  hanging: [
    "我想问一下", "我想问一下。", "我想问", "请问", "请问一下", "你好，我想", "我要", "然后", "然后。", "我头疼，然后", "因为",
    "我来是因为", "但是", "我不舒服，但是。", "所以", "如果", "要是", "还有", "我要一杯水和", "或者", "比如", "那个", "嗯", "呃", "嗯。",
    "我觉得，嗯", "这是我的", "我要蓝色的", "我住在", "从", "我要到", "请给", "请把", "请帮我", "麻烦你帮我", "我叫", "我的名字是",
    "我的电话是", "我的电话是一三八", "电话号码是 138 0013", "138 0013", "一三八零零", "我每次吃五百", "我吃 500", "我要吃两",
    "剂量是二十", "我吃蓝色的，", "有两件事：", "就是说", "我的房间在", "我今天早上……", "他说是", "你能不能", "可不可以", "是不是",
    "不是因为", "关于", "怎么", "每天吃三", "等一下", "等等。", "稍等", "请稍等一下", "能不能提醒我", "是今天还是", "申请在", "请",
  ],
  unclear: [
    "我晚上吃蓝色的药", "这里疼", "花园", "早饭", "我昨天来的医院", "明天早上", "请问几点", "护士", "三", "我女儿五点来", "我住三零二",
    "你好", "我要这个", "我是五月四号出生的", "我的医生是新来的", "我要申请", "我还要等一下",
  ],
};
const OTHERS = {
  complete: ["Wo ist der Garten?", "Das will ich nicht.", "ありがとうございます。", "¿Dónde está?", "정원은 어디에 있어요?"],
  hanging: ["Ich möchte,", "und dann …", "それで、"],
  unclear: ["Wo ist der Garten", "庭はどこですか", "ich komme in", "no sé"],
};

for (const [name, table, options] of [
  ["English", ENGLISH],
  ["Chinese", CHINESE],
  ["another language, by its marks alone", OTHERS, { isOther: true }],
]) {
  for (const [kind, texts] of Object.entries(table)) {
    test(`${name}: ${kind}`, () => {
      assert.deepEqual(texts.filter((text) => completeness(text, options) !== kind), []);
    });
  }
}

test("the tables are long enough to mean something", () => {
  for (const table of [ENGLISH, CHINESE]) assert.ok(Object.values(table).flat().length >= 60);
});

test("where a recogniser ends what is over with a mark, what has none is not over", () => {
  const of = (text) => completeness(text, { marks: "trusted" });
  assert.deepEqual(["where is the garden", "花园在哪里", "Where is the garden?", "yes"].map(of), ["unclear", "unclear", "complete", "complete"]);
});

test("where it puts a full stop behind everything, that says nothing; a whole question still does", () => {
  const of = (text) => completeness(text, { marks: "untrusted" });
  const texts = ["I take the blue tablet.", "我晚上吃蓝色的药。", "where is the garden.", "花园在哪里。", "and."];
  assert.deepEqual(texts.map(of), ["unclear", "unclear", "complete", "complete", "hanging"]);
});

test("who only shows that they listen takes no turn", () => {
  const heard = ["mhm", "Mhm.", "mm-hmm", "uh-huh", "Uh huh.", "hm-hm", "aha", "all right", "yup", "行", "ja", "okay", "Right.", "I see", "嗯", "嗯嗯。", "哦", "好的", "对对对", ""];
  assert.deepEqual(heard.filter((text) => !isBackchannel(text)), []);
  const turns = ["no", "stop", "mhm but when", "不", "停", "嗯，我不要", "Huh?", "yes but", "okay, and where is it?"];
  assert.deepEqual(turns.filter(isBackchannel), []);
  assert.deepEqual(["mhm", "嗯", "Hm.", "okay", "好的", "ja"].map(isFiller), [true, true, true, false, false, false]);
});

test("long murmurs and long repetitions are judged in no time", () => {
  for (const text of ["m".repeat(5_000) + "x", "嗯".repeat(5_000) + "x", "不要".repeat(5_000) + "我", "no ".repeat(5_000) + "x"]) {
    assert.ok(cpuMs(() => [completeness(text), isBackchannel(text)]) < 1_000, text.slice(0, 4));
  }
});
