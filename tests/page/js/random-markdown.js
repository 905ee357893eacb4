// Markdown that nobody would write, from a seed that a failing test prints: `SEED=… node --test …` tries another.

const WORDS = `
  -_ 1._ 2)_ a b_c Dose._ Take_5_mg._Then_2~3 好。 每日2~3次。 ， | --- \` \`\` \`\`\` #_ >_ ** * __ ~~ ~ __
  [ ](https://a.example/x) ]( ] [^1] 【4:0†s】 【 】 [1] $ $$ \\( \\) \\[ \\] \\ x^2 <br> &amp; &#49; 3.5 e.g._
  “ ” !_ ?_ … [_]_ -_[x]_ [^1]:_ ![ 10 mg 5 ： E <think> </think> https://a.example/b?c._
  ± × ≤ – - / % °C : . ２ 🎉 ~~10~~ 2~~5~~3 \`1~2\` 5[^1]6 7【1†a】8 **9**1
`;
const PIECES = [
  ...WORDS.trim().split(/\s+/).map((word) => word.replaceAll("_", " ")),
  ...["_", "__", "\n", "\n", "\n\n", "\n|-|-|\n", "| a | b |\n"],
];

/** {seed, random(below), soup(most)}: `soup` is some of all pieces in any order. */
export function generatorOf(seed = Number(process.env.SEED ?? 1)) {
  let state = seed;
  const random = (below) => (state = (state * 48271) % 2147483647) % below;
  const pick = (list) => list[random(list.length)];
  const soup = (most) => Array.from({ length: 1 + random(most) }, () => pick(PIECES)).join("");
  return { seed, random, pick, soup };
}
