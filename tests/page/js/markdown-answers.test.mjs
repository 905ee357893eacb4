// Markdown as models write it: dosages, prices, formulas, names of files, sources, thoughts.

import assert from "node:assert/strict";
import { test } from "node:test";

import { partsOf } from "../../../static/js/inline.js";
import { blocksOf, createParser } from "../../../static/js/markdown-parser.js";

/** A tree in angle brackets, with what a part has beside its children. */
function outline(part) {
  if (typeof part === "string") return part;
  const { tag, text, children, end, align, isDisplay, ...own } = part;
  const attributes = Object.entries(own).filter(([, value]) => value !== "");
  const start = `<${[tag, ...attributes.map((pair) => pair.join("="))].join(" ")}>`;
  const inside = partsOf(part).map(outline).join("");
  return inside ? `${start}${inside}</${tag}>` : start;
}

const read = (text) => blocksOf(text).map(outline).join("\n");
const paragraph = (text) => `<p>${text}</p>`;

const UNCHANGED = [
  "报告_2024_最终版.pdf, snake_case_name, имя_файла_2.pdf, a_b_c_",
  "Amoxicillin 2*500 mg, 3*250 mg, 1~2 tablets every 6~8 hours.",
  "阿司匹林每日2~3次，每次1~2片，2*500毫克，3*250毫克",
  "2**10 and 3**4 are powers, 2 * 3 * 4 is a product",
  "dose = weight*factor + base*rate, (1+2)*3 + (4+5)*6, 2*(3+4)*5, x**2 + y**3",
  "Name: ____, born: ____. Card 6222 **** **** 1234",
  "请按【确认】键，再按【呼叫护士】。",
  "Press [1] for help, [2] for the nurse",
  "Press (1) for help, (500 mg) twice",
  ">5 mmol/L\u00A0and >=3",
  "It costs $5 and $10, or US$5–$7. Then $1,000.",
  "It costs $$ and more. Then $$ go on.",
  "5$ or 10$, $5/$6, ($5), $5.",
  "价格是$5，还是$10？",
  "$HOME/bin:$PATH and ${a}_${b} and price=$a;total=$b",
  "AT&T, R&D; &unknown; & more",
  "a [^a-z] b",
  "13800138000. Call this number",
  "<b>bold</b> <script>x</script>",
  "[the file](/files/a_b_c.pdf) and [x](javascript:f(*a*))",
];

for (const text of UNCHANGED) {
  test(`leaves ${JSON.stringify(text)} as it is`, () => assert.equal(read(text), paragraph(text)));
}

const INLINE = [
  ["这是*重点*。这是**重点**内容", "这是<em>重点</em>。这是<strong>重点</strong>内容"],
  ["说**“强调”**文字，**注意：**请", "说<strong>“强调”</strong>文字，<strong>注意：</strong>请"],
  ["**Dose:**5 mg ~~10 mg~~5 ~~10~~5", "<strong>Dose:</strong>5 mg <del>10 mg</del>5 <del>10</del>5"],
  ["\\(a_1 * b_2 * c\\) and \\[x^2\\]", "<math>\\(a_1 * b_2 * c\\)</math> and <math>\\[x^2\\]</math>"],
  ["当$n$为$x = 1$时", "当<math>$n$</math>为<math>$x = 1$</math>时"],
  ["$\\frac{1}{2}$, $H_2O$, $5\\%$, $2x + y$, $f(x)$, $42$", [
    "$\\frac{1}{2}$", "$H_2O$", "$5\\%$", "$2x + y$", "$f(x)$", "$42$",
  ].map((source) => `<math>${source}</math>`).join(", ")],
  ["so $$E = mc^2$$ it is", "so <math>$$E = mc^2$$</math> it is"],
  ["$\\text{dose in mg} = 2 \\cdot m$", "<math>$\\text{dose in mg} = 2 \\cdot m$</math>"],
  ["\\[1\\], \\[3.5-5.0\\], \\(500 mg\\) and \\(open", "[1], [3.5-5.0], (500 mg) and (open"],
  ["\\(x\\), \\(5\\), \\[a + b\\]", "<math>\\(x\\)</math>, <math>\\(5\\)</math>, <math>\\[a + b\\]</math>"],
  ["**E**arly **W**arning", "<strong>E</strong>arly <strong>W</strong>arning"],
  ["`$x$ &lt; <br>`", "<code>$x$ &lt; <br></code>"],
  ["5 &lt; 6 &amp;lt; &#8364; &#x20AC; &ouml; &ge;", "5 < 6 &lt; € € ö ≥"],
  ["&#42;a&#42; &lt;br&gt; &#0;", "*a* <br> \uFFFD"],
  ["a<br>b<BR/>c<br />d", "a<br>b<br>c<br>d"],
  ["So[^1] it is【4:0†source】[^2a].", "So<ref>[1]</ref> it is<ref>【4:0†source】</ref><ref>[^2a]</ref>."],
  ["![a cat](https://a.example/cat.png)", "<img href=https://a.example/cat.png>a cat</img>"],
  [
    "[![map](https://a.example/m.png)](https://b.example/)",
    "<img href=https://a.example/m.png>map</img> <a href=https://b.example/>https://b.example/</a>",
  ],
  ["https://例子.公司/路径?查询=值。", "<a href=https://例子.公司/路径?查询=值>https://例子.公司/路径?查询=值</a>。"],
  ["（https://a.example/文件_最终版.pdf）", "（<a href=https://a.example/文件_最终版.pdf>https://a.example/文件_最终版.pdf</a>）"],
  ["请看www：https://www.a.example请看", "请看www：<a href=https://www.a.example>https://www.a.example</a>请看"],
  ["见https://a.example/b，走吧", "见<a href=https://a.example/b>https://a.example/b</a>，走吧"],
  ["[文档](https://例子.公司/路径)", "<a href=https://例子.公司/路径>文档</a>"],
  ["[a](<https://a.example/my file.pdf>)", "<a href=https://a.example/my%20file.pdf>a</a>"],
  ["[a](https://a.example/ \"The *title*\")", "<a href=https://a.example/ title=The *title*>a</a>"],
  ["<a.b@c.example>", "<a href=mailto:a.b@c.example>a.b@c.example</a>"],
];

for (const [text, expected] of INLINE) {
  test(`reads ${JSON.stringify(text)}`, () => assert.equal(read(text), paragraph(expected)));
}

const BLOCKS = [
  ["$$\nx = 1\n- y\n\n+ z\n$$\nafter", "<math>$$\nx = 1\n- y\n\n+ z\n$$</math>\n<p>after</p>"],
  ["Then:\n\\[ \\frac{a}{b} \\].\nafter", "<p>Then:</p>\n<math>\\[ \\frac{a}{b} \\].</math>\n<p>after</p>"],
  ["\\[\n\\begin{aligned}\na &= *b*\n", "<math>\\[\n\\begin{aligned}\na &= *b*</math>"],
  ["- a\n  $$\n  x_1\n  $$\n- b", "<ul><li><p>a</p><math>$$\nx_1\n$$</math></li><li><p>b</p></li></ul>"],
  [
    "- [ ] open\n- [x] done\n- [] other",
    "<ul><li checked=false><p>open</p></li><li checked=true><p>done</p></li><li><p>[] other</p></li></ul>",
  ],
  [
    "[^1]: A note\n    goes on.\n\n    And on.\n[^b]: Other",
    "<footnote label=1><p>A note<br>goes on.</p><p>And on.</p></footnote>\n<footnote label=b><p>Other</p></footnote>",
  ],
  [
    "3. a\n4. b\n6. c\n6. d",
    "<ol start=3><li><p>a</p></li><li><p>b</p></li><li value=6><p>c</p></li><li><p>d</p></li></ol>",
  ],
  ["999999999. a\n999999999. b", "<ol start=999999999><li><p>a</p></li><li><p>b</p></li></ol>"],
  [
    "|a|b|\n|-|-|\n|1<br>2|3|4|\n|5|",
    "<table><thead><tr><th>a</th><th>b</th></tr></thead>" +
      "<tbody><tr><td>1<br>2</td><td>3</td><td>4</td></tr><tr><td>5</td></tr></tbody></table>",
  ],
  ["> 5 mg\n> more\n>7", "<p>> 5 mg</p>\n<blockquote><p>more</p></blockquote>\n<p>>7</p>"],
  ["> more\n> 5 mg", "<blockquote><p>more<br>5 mg</p></blockquote>"],
  ["If it is\n> 38.5 °C call us", "<p>If it is<br>> 38.5 °C call us</p>"],
  ["- > 38.5 °C: call", "<ul><li><p>> 38.5 °C: call</p></li></ul>"],
  ["1. > **5 mg**: stop", "<ol start=1><li><p>> <strong>5 mg</strong>: stop</p></li></ol>"],
  ["> 120/80 is high\n\n> $50 is free\n\n> -5℃", "<p>> 120/80 is high</p>\n<p>> $50 is free</p>\n<p>> -5℃</p>"],
  ["> 3 things\n\n> 3 steps\n\n> 5 days ago\n\n> 2024年", ["3 things", "3 steps", "5 days ago", "2024年"].map(
    (words) => `<blockquote><p>${words}</p></blockquote>`,
  ).join("\n")],
  ["【5†毫克】【4:0†source】【4†a.pdf】【5†0.5】",
    "<p>【5†毫克】<ref>【4:0†source】</ref><ref>【4†a.pdf】</ref>【5†0.5】</p>"],
  ["### a\n##### b\n### c\n# d ##", "<h3 level=2>a</h3>\n<h5 level=3>b</h5>\n<h3 level=2>c</h3>\n<h1 level=2>d</h1>"],
  ["# a\n## b\n> # c", "<h1 level=2>a</h1>\n<h2 level=3>b</h2>\n<blockquote><h1>c</h1></blockquote>"],
];

for (const [text, expected] of BLOCKS) test(`reads ${JSON.stringify(text)}`, () => assert.equal(read(text), expected));

const THOUGHTS = [
  ["<think>a</think>b", "<details><p>a</p></details>\n<p>b</p>"],
  ["a\n\nb</think>c", "<details><p>a</p><p>b</p></details>\n<p>c</p>"],
  ["a <think>b</think> c </THINK> d", "<p>a</p>\n<details><p>b</p></details>\n<details><p>c</p></details>\n<p>d</p>"],
  ["<think>never\n\nends", "<details><p>never</p><p>ends</p></details>"],
  ["<think></think>\n\nb</think>", "<details><p>b</p></details>"],
  ["a `</think>` b\n```\n</think>\n```", "<p>a <code></think></code> b</p>\n<pre></think></pre>"],
  [
    "<think>`</think>` a\n~~~\n</think>\n~~~\nb</think>c",
    "<details><p><code></think></code> a</p><pre></think></pre><p>b</p></details>\n<p>c</p>",
  ],
  ["<think>\n```js\nf()\n</think>\nc", "<details><pre language=js>f()\n</pre></details>\n<p>c</p>"],
  [
    "- a\n- b <think>c</think>\n- d",
    "<ul><li><p>a</p></li><li><p>b</p></li></ul>\n<details><p>c</p></details>\n<ul><li><p>d</p></li></ul>",
  ],
  [
    "<details style=\"color:gray\" open> <summary> Thinking... </summary>\na\n</details>\n\nb",
    "<details><p>a</p></details>\n<p>b</p>",
  ],
  ["<details><summary>Dosage</summary>5 mg</details>", "<p><details><summary>Dosage</summary>5 mg</details></p>"],
  ["\\<think>a", "<p><think>a</p>"],
  ["</think></think>a", "<p>a</p>"],
];

for (const [text, expected] of THOUGHTS) test(`reads ${JSON.stringify(text)}`, () => assert.equal(read(text), expected));

test("half of a tag is never shown, unless it is the end", () => {
  const whole = "Well <think>hm</think>yes\n<details open>\n<summary>Thinking</summary>hm</details> a <";
  const parse = createParser();
  for (let end = 0; end <= whole.length; end++) {
    const { settled, open } = parse(whole.slice(0, end));
    assert.doesNotMatch([...settled, ...open].map(outline).join("").replace(/<\/?(?:p|details)>/g, ""), /[<>]/);
  }
  assert.match(parse(whole, true).open.map(outline).join(""), /a <<\/p>$/);
});

test("a lone end of a thought takes back what was settled", () => {
  const parse = createParser();
  const before = "a\n\nb\n\nc\n\nd";
  assert.deepEqual(parse(before).settled.map(outline), ["<p>a</p>", "<p>b</p>"]);
  const { settled, open, isReset } = parse(`${before}</think>\ne`);
  assert.equal(isReset, true);
  const thought = "<details><p>a</p><p>b</p><p>c</p><p>d</p></details>";
  assert.deepEqual([...settled, ...open].map(outline), [thought, "<p>e</p>"]);
  assert.equal(parse(`${before}</think>\ne f`).isReset, false);
});
