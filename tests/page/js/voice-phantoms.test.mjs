// What a model of speech-to-text invents of noise.

import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutPhantoms } from "../../../static/js/voice/phantoms.js";

test("what models write down of noise was not said", () => {
  for (const text of [
    "Thank you for watching!", "Thanks for watching.", " Thank you so much for watching. ", "you", "You.", ".", "...", "。",
    "Please subscribe to my channel.", "Subtitles by the Amara.org community", "Transcribed by https://otter.ai",
    "[Music]", "[BLANK_AUDIO]", "(coughs)", "*sighs*", "♪", "♪ la la ♪", "[Music] (applause)", "【音乐】", "（掌声）",
    "谢谢观看", "感谢观看。", "谢谢大家的收看", "字幕由Amara.org社区提供", "字幕志愿者 李宗盛", "中文字幕", "字幕",
    "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", "优优独播剧场——YoYo Television Series Exclusive",
  ]) {
    assert.equal(withoutPhantoms(text), "", text);
  }
});

test("what somebody may say was said, letter for letter", () => {
  for (const text of [
    "", "Thank you.", "Thanks for the tea.", "You are right.", "Bye.", "How do I subscribe to the newsletter?", "2 (two) tablets",
    "(555) 0100", "Where is it?", "谢谢", "谢谢你", "怎么订阅报纸？", "字幕怎么打开？", "怎么订阅你们的频道？", "请打开中文字幕", "字幕由谁提供", "Translated by whom?", "Subtitles by default, please.",
    "Is amara.org a good site?", "Thanks for your attention, where is it?", "Thank you for listening to me, I feel sick.", "[a] is what?", "好", "3", "42.", "C++",
    "Thank you for listening, but I asked where the garden of this house is.", "字",
  ]) {
    assert.equal(withoutPhantoms(text), text);
  }
});
