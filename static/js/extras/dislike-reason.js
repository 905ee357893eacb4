// After "bad answer": what was wrong, in a tap or a few words, if the person likes.

import { button, element, hasKeyboard } from "../elements.js";
import { failureWords, say } from "../i18n.js";

const CHOICES = ["incorrect", "incomplete", "unclear", "asked"];
const LONGEST = 1_000; // characters

export function mountDislikeReasons({ api }) {
  document.addEventListener("answer:rated", ({ detail: turn }) => {
    const article = document.querySelector(`.answer[data-id="${turn.id}"]`);
    article?.querySelector(".reason")?.remove();
    if (article && turn.rating === "dislike") article.querySelector(".foot").after(asking(turn, article));
  });

  function asking(turn, article) {
    const choices = CHOICES.map((name) => choice(name));
    const words = Object.assign(element("textarea"), { rows: 2, maxLength: LONGEST });
    const labelled = element("label", "", say(element("span"), "wrong.words"), words);
    const send = Object.assign(button("wrong.send", () => {}), { type: "submit" });
    const row = element("div", "row", send, button("wrong.skip", close));
    const trouble = element("p", "wrong");
    const title = say(element("legend"), "wrong");
    const fields = element("fieldset", "", title, ...choices.map(({ node }) => node), ...(hasKeyboard ? [labelled] : []));
    const form = element("form", "inputs reason", fields, trouble, row);
    trouble.setAttribute("role", "alert");
    form.onsubmit = (event) => {
      event.preventDefault();
      tell();
    };
    form.onkeydown = (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
    };

    async function tell() {
      const ticked = choices.filter(({ box }) => box.checked).map(({ node }) => node.textContent);
      const content = [...ticked, words.value.trim()].filter(Boolean).join("; ");
      send.disabled = true;
      const told = api.rate(turn.message_id, "dislike", content || undefined);
      await told.then(close, (error) => say(trouble, ...failureWords(error)));
      send.disabled = false;
    }

    function close() {
      form.remove();
      article.querySelector(".buttons [aria-pressed=true]")?.focus();
    }

    return form;
  }
}

function choice(name) {
  const box = Object.assign(element("input"), { type: "checkbox" });
  return { box, node: element("label", "box", box, say(element("span"), `wrong.${name}`)) };
}
